"""What the kernel lets us do, by trying: namespaces, as whoever this is and as nobody, and networks in them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harness.doctor import remedies
from harness.doctor.finding import Finding, Remedy
from harness.doctor.remedies import SWITCHES, for_namespaces
from harness.doctor.trial import Trial, tried

NAMESPACES = "namespaces"
_REFUSED = "runs are refused; the fabric for such machines, proxy, is not built yet"
_IN_CONTAINER = ("/.dockerenv", "/run/.containerenv")


class _Part(NamedTuple):
    """Something tried in a sandbox: its name there and here, and what follows."""

    tried: str
    name: str
    then: str
    otherwise: str
    remedy: Remedy
    is_needed: bool = False


_PARTS = (
    _Part("networks", "networks", "each node has its own, joined by a router", _REFUSED, remedies.VETH, True),
    _Part(
        "partitions", "partitions", "any link can be cut, one way too", "partition and isolate fail", remedies.KERNEL
    ),
    _Part("nftables", "nftables", "no fault needs it yet", "no fault needs it yet", remedies.NFTABLES),
    _Part("rate", "tc tbf", "no fault needs it yet", "no fault needs it yet", remedies.KERNEL),
    _Part("latency", "tc netem", "no fault needs it yet", "no fault needs it yet", remedies.KERNEL),
)


def kernel() -> list[Finding]:
    if sys.platform != "linux":
        fact = f"{_name_of(sys.platform)} has none"
        return [Finding(NAMESPACES, "no", fact, "runs are refused: they need Linux", True, {"macos": remedies.LINUX})]
    return list(_of(tried("self")))


def for_others() -> list[Finding]:
    """Whether those who are not root could run; nobody but root can try."""
    if sys.platform != "linux" or os.getuid() != 0:
        return []
    trial = tried("nobody")
    answer = trial.answers.get(NAMESPACES)
    if answer is None:
        return [Finding("for users", "unknown", trial.ended)]
    if answer.is_there:
        return [Finding("for users", "yes", answer.fact, "whoever is not root can run too")]
    return [Finding("for users", "no", answer.fact, "runs need root", remedy=_remedy(is_root=True))]


def _of(trial: Trial) -> Iterator[Finding]:
    answer = trial.answers.get(NAMESPACES)
    if answer is None:
        yield Finding(NAMESPACES, "unknown", trial.ended, _REFUSED, True)
    elif answer.is_there:
        yield Finding(NAMESPACES, "yes", answer.fact, "every run is sandboxed; nothing survives it", True)
    else:
        yield Finding(NAMESPACES, "no", answer.fact, _REFUSED, True, _remedy(is_root=os.getuid() == 0))
        return
    untold = trial.ended or "not tried"
    for part in _PARTS:
        found = trial.answers.get(part.tried)
        if found is None:
            yield Finding(part.name, "unknown", untold, is_needed=part.is_needed)
        elif found.is_there:
            yield Finding(part.name, "yes", found.fact, part.then, part.is_needed)
        else:
            yield Finding(part.name, "no", found.fact, part.otherwise, part.is_needed, part.remedy)


def _remedy(*, is_root: bool) -> Remedy:
    try:
        os.chdir(os.getcwd())  # as a sandbox does, which has the working folder of whoever made it
    except OSError:
        return remedies.ELSEWHERE
    switches = {name: _text(Path("/proc/sys", *name.split("."))) for name, _, _ in SWITCHES}
    in_container = any(os.path.exists(path) for path in _IN_CONTAINER)
    return for_namespaces(switches, in_container=in_container, is_root=is_root)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _name_of(kind: str) -> str:
    return "macOS" if kind == "darwin" else kind
