"""
The program that tries, in a sandbox of its own, what runs need of the kernel; a line of JSON for each thing tried.

Whatever it makes goes with the sandbox. It is started by `trial`, and may hang or crash.
"""

import errno
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from harness.cluster import linux
from harness.cluster.sandbox import enter
from harness.cluster.wait import wait_until
from harness.core.links import reverse
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.cluster.fabric import Fabric

_NOBODY = 65534
_TRIED = ("networks", "partitions", "nftables", "rate", "latency")
_TRY_S, _PASSING_S = 4, 3.0
_LOOPBACK = 1
_NODES = ("node-1", "node-2")
_THERE = (_NODES[0], _NODES[1])
_NUMGEN_RANDOM, _REGISTER, _IN_100 = 1, 1, 100


def main(arguments: list[str]) -> int:
    """The program: PARENT_PID LIVES_S self|nobody; as nobody it tries the namespaces alone."""
    parent, lives_s, who = int(arguments[0]), int(arguments[1]), arguments[2]
    linux.die_with_parent()
    if os.getppid() != parent:
        return 1
    signal.alarm(lives_s)  # entering a user namespace takes the parent's death signal away
    if who == "nobody":
        _become_nobody()
    users = os.readlink("/proc/self/ns/user")

    def run_inside() -> int:
        is_as_root = os.readlink("/proc/self/ns/user") == users
        _say("namespaces", True, "as root" if is_as_root else "in a user namespace")
        if who == "self":
            _try_all()
        return 0

    try:
        code = enter(run_inside)
    except Exception as error:  # whatever it is, it is the finding
        _say("namespaces", False, _reason(error))
        return 0
    return code if code >= 0 else 128 - code


class Trials:
    """Each returns what it found, or raises; the second stands on the first."""

    def __init__(self) -> None:
        self._fabric: Fabric | None = None

    def networks(self) -> str:
        from harness.cluster.fabric import Fabric  # imported late: it may not come to this

        fabric = Fabric()
        fabric.add(_NODES)
        both = {_THERE, reverse(_THERE)}
        wait_until("datagrams", lambda: fabric.passing(both) == both, _PASSING_S)
        self._fabric = fabric
        return "two nodes reach each other"

    def partitions(self) -> str:
        if self._fabric is None:
            raise OSError("there is no network to cut")
        fabric, back = self._fabric, reverse(_THERE)
        fabric.cut([_THERE])
        wait_until("datagrams one way", lambda: fabric.passing({_THERE, back}) == {back}, _PASSING_S)
        fabric.mend([_THERE])
        wait_until("datagrams after a cut", lambda: fabric.passing({_THERE}) == {_THERE}, _PASSING_S)
        return "by policy routing"

    def nftables(self) -> str:
        """A rule of a kind that loses one packet of many."""
        from pyroute2.nftables.main import NFTables

        data = {"DREG": _REGISTER, "MODULUS": _IN_100, "TYPE": _NUMGEN_RANDOM, "OFFSET": 0}
        numgen = {"attrs": [(f"NFTA_NG_{name}", value) for name, value in data.items()]}
        with NFTables(nfgen_family=1) as tables:
            tables.table("add", name="tried")
            tables.chain("add", table="tried", name="tried")
            expression = {"attrs": [("NFTA_EXPR_NAME", "numgen"), ("NFTA_EXPR_DATA", numgen)]}
            tables.rule("add", table="tried", chain="tried", expressions=[[expression]])
        return "through netlink"

    def rate(self) -> str:
        _queue("tbf", "1:", rate=100_000, burst=10_000, latency=50_000)
        return "limits the rate of a link"

    def latency(self) -> str:
        _queue("netem", "2:", delay=1_000)
        return "delays what a link carries"


def _queue(kind: str, handle: str, **options: int) -> None:
    """A queueing discipline of this kind on loopback, in the place of the last."""
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkError

    with IPRoute() as routes:
        try:
            routes.tc("replace", kind, _LOOPBACK, handle, **options)
        except NetlinkError as error:
            if error.code == errno.ENOENT:
                raise OSError(f"no {kind} in this kernel") from error
            raise


def _try_all() -> None:
    signal.signal(signal.SIGALRM, _too_long)
    trials = Trials()
    for name in _TRIED:
        attempt: Callable[[], str] = getattr(trials, name)
        signal.alarm(_TRY_S)
        try:
            _say(name, True, attempt())
        except Exception as error:  # whatever it is, it is the finding
            _say(name, False, _reason(error))
        finally:
            signal.alarm(0)


def _too_long(*_: Any) -> None:
    raise TimeoutError(f"no end after {_TRY_S} s")


def _become_nobody() -> None:
    """Whoever has no rights at all; their working folder may be closed to them."""
    os.chdir("/")
    os.setgroups([])
    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _say(name: str, is_there: bool, fact: str) -> None:
    print(json.dumps({"name": name, "is_there": is_there, "fact": fact}), flush=True)


def _reason(error: Exception) -> str:
    code = getattr(error, "code", None)
    if isinstance(code, int):
        return f"the kernel says: {os.strerror(code)}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror + (f": {error.filename}" if error.filename else "")
    return str(error) if isinstance(error, OSError | HarnessError) else f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
