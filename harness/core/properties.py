"""
The properties that the system reads, by the names and defaults of Alluxio's documentation, and files of them.

A name under `alluxio.` that is not in the table, or a value that does not fit, is wrong input: nothing is ever ignored.
Names outside `alluxio.` (credentials of a UFS, say) are kept as they are.
"""

import builtins
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from harness.errors import InputError

Kind = Literal["text", "name", "int", "port", "bool", "duration", "size", "folder", "list"]

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) *([a-z]+)")
_UNITS_MS = (
    (("ms", "msec", "millisecond"), 1),
    (("s", "sec", "second"), 1000),
    (("m", "min", "minute"), 60_000),
    (("h", "hr", "hour"), 3_600_000),
    (("d", "day"), 86_400_000),
)
_UNIT_MS = {name: ms for names, ms in _UNITS_MS for name in names} | {f"{names[-1]}s": ms for names, ms in _UNITS_MS}
_SIZE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) *([kmgt]?)(?:i?b)?")
_UNIT_BYTES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_INT = re.compile("[0-9]{1,9}")
_LINE = re.compile(r"([^=:\s]+)\s*[=:]\s*(.*)")


@dataclass(frozen=True)
class Property:
    """`default` and values are text, as in a file; `choices`, where there are any, are all that is allowed."""

    name: str
    default: str
    kind: Kind
    meaning: str
    choices: tuple[str, ...] = ()


KNOWN = {
    known.name: known
    for known in (
        Property("alluxio.cluster.name", "DefaultAlluxioCluster", "name", "part of every key in etcd"),
        Property("alluxio.etcd.endpoints", "", "list", "URLs of all etcd members, such as http://etcd-1:2379"),
        Property(
            "alluxio.worker.membership.manager.type",
            "ETCD",
            "text",
            "who keeps the list of workers: a file, etcd, or the masters",
            ("STATIC", "ETCD", "NOOP"),
        ),
        Property("alluxio.worker.static.config.file", "conf/workers", "text", "STATIC: one host name a line"),
        Property("alluxio.worker.identity.uuid", "", "text", "the identity itself; wins over the file"),
        Property(
            "alluxio.worker.identity.uuid.file.path",
            "/mnt/alluxio/system-info/worker_identity",
            "text",
            "where the identity is kept across restarts; made when it is missing",
        ),
        Property(
            "alluxio.worker.failure.detection.timeout",
            "2m",
            "duration",
            "TTL of a worker's lease: unresponsive that long, it is offline",
        ),
        Property("alluxio.worker.hostname", "", "text", "the name others reach the worker by; its own where empty"),
        Property("alluxio.worker.container.hostname", "", "text", "the same inside a container"),
        Property("alluxio.worker.rpc.port", "29999", "port", "shown by info nodes"),
        Property("alluxio.worker.web.port", "30000", "port", "part of the worker's record"),
        Property("alluxio.worker.data.port", "29997", "port", "part of the worker's record"),
        Property("alluxio.worker.rest.port", "29998", "port", "kept for Alluxio's sake"),
        Property("alluxio.worker.http.server.port", "28080", "port", "serves files and health"),
        Property(
            "alluxio.worker.page.store.dirs",
            "/mnt/alluxio/pagestore",
            "folder",
            "where cached pages are kept across restarts",
        ),
        Property("alluxio.worker.page.store.sizes", "1GB", "size", "how much they may take; then the oldest go"),
        Property("alluxio.worker.page.store.page.size", "1MB", "size", "a file is cached and served in pages of it"),
        Property(
            "alluxio.user.worker.list.refresh.interval",
            "2m",
            "duration",
            "how often a client, or a worker, reads the members from etcd",
        ),
        Property(
            "alluxio.user.worker.selection.policy.consistent.hash.virtual.node.count.per.worker",
            "2000",
            "int",
            "points of one worker on the ring; changing it moves keys",
        ),
        Property(
            "alluxio.user.worker.selection.policy.consistent.hash.provider.impl",
            "NODE_ID",
            "text",
            "whether a worker's points depend on its capacity",
            ("NODE_ID", "CAPACITY"),
        ),
        Property(
            "alluxio.user.dynamic.consistent.hash.ring.enabled",
            "true",
            "bool",
            "true: online workers are on the ring; false: all registered ones",
        ),
        Property("alluxio.dora.client.ufs.root", "file:///ufs", "text", "where files come from; keys lie under it"),
        Property(
            "alluxio.dora.client.ufs.fallback.enabled", "true", "bool", "read from the UFS when no candidate answers"
        ),
        Property("alluxio.master.hostname", "", "text", "NOOP: the name others reach the master by"),
        Property("alluxio.master.journal.folder", "", "text", "NOOP: the folder that all masters share"),
        Property("alluxio.zookeeper.enabled", "false", "bool", "NOOP: several masters, one of them elected"),
        Property("alluxio.zookeeper.address", "", "list", "NOOP: host:port of every ZooKeeper server"),
    )
}


class Properties(Mapping[str, str]):
    """
    Given values over the defaults, all as text; immutable.

    Raises InputError, one line per property, for an unknown `alluxio.` name and for a value that does not fit. Reading
    a name that is neither known nor given is a KeyError.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        if problems := [found for key, value in values.items() if (found := problem(key, value))]:
            raise InputError("\n".join(problems))
        self._values = {known.name: known.default for known in KNOWN.values()} | dict(values)

    def __getitem__(self, key: str) -> str:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> builtins.int:
        return len(self._values)

    def text(self, key: str) -> str:
        return self[key]

    def int(self, key: str) -> builtins.int:
        return builtins.int(self[key])

    def bool(self, key: str) -> builtins.bool:
        return self[key].lower() == "true"

    def duration_s(self, key: str) -> float:
        return parse_duration(self[key])

    def size_bytes(self, key: str) -> builtins.int:
        return parse_size(self[key])

    def list(self, key: str) -> tuple[str, ...]:
        """The parts between commas, without blanks; none for an empty text."""
        return tuple(part.strip() for part in self[key].split(",") if part.strip())


def problem(key: str, value: str) -> str | None:
    """What is wrong with a property and what is allowed, in one line; None when it is right."""
    if not key.startswith("alluxio."):
        return None
    if key not in KNOWN:
        near = get_close_matches(key, KNOWN, 1)
        return f"no property is called {key!r}; " + (
            f"did you mean {near[0]!r}?" if near else "all there are stand in conf/alluxio-site.properties"
        )
    allowed = _misfit(KNOWN[key], value)
    return allowed and f"{key} is {value!r}; it is {allowed}"


def parse_properties(text: str, where: str) -> dict[str, str]:
    """
    The properties of a file in the simple part of Java's format: `key=value` or `key: value`, comments after # or !.

    Raises InputError with one line `where:line: what is wrong; what is allowed` for each that is wrong.
    """
    found: dict[str, str] = {}
    errors = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(("#", "!")):
            continue
        error = _add(found, line.strip())
        if error:
            errors.append(f"{where}:{number}: {error}")
    if errors:
        raise InputError("\n".join(errors))
    return found


def parse_duration(text: str) -> float:
    """Seconds of `200ms`, `3s`, `2m`, `2min`, `1.5h`, `1hour`, `1day`. Raises InputError for anything else."""
    found = _DURATION.fullmatch(text.strip().lower())
    if not found or found[2] not in _UNIT_MS:
        raise InputError(f"{text!r} is no duration; write it as 200ms, 3s, 2m or 1h")
    return float(found[1]) * _UNIT_MS[found[2]] / 1000


def parse_size(text: str) -> int:
    """Bytes of `4096`, `64KB`, `1MB`, `1.5g`, `1GiB`; units are binary. Raises InputError for anything else."""
    found = _SIZE.fullmatch(text.strip().lower())
    if not found:
        raise InputError(f"{text!r} is no size; write it as 4096, 64KB, 1MB or 2GB")
    return int(float(found[1]) * _UNIT_BYTES[found[2]])


def _add(found: dict[str, str], line: str) -> str | None:
    """Add the property on `line` to those found before; what is wrong with it, if anything."""
    match = _LINE.fullmatch(line)
    if not match:
        return f"{line!r} is no property; write key=value"
    key, value = match.groups()
    if value.endswith("\\"):
        return f"the value of {key} goes on in the next line; write it on one"
    if key in found:
        return f"{key} is set twice; keep one"
    found[key] = value
    return problem(key, value)


def _misfit(known: Property, value: str) -> str | None:
    """What would be allowed, when `value` is not."""
    if known.choices:
        return None if value in known.choices else " or ".join(known.choices)
    fits, allowed = _FORMS.get(known.kind, (bool, ""))
    return None if not allowed or fits(value) else allowed


def _is_time(value: str) -> bool:
    try:
        return parse_duration(value) > 0
    except InputError:
        return False


def _is_size(value: str) -> bool:
    try:
        return parse_size(value) > 0
    except InputError:
        return False


_FORMS: dict[Kind, tuple[Callable[[str], object], str]] = {
    "name": (_NAME.fullmatch, "a name of letters, digits, dots, dashes and underscores"),
    "int": (lambda value: _INT.fullmatch(value) and int(value) > 0, "a whole number from 1"),
    "port": (lambda value: _INT.fullmatch(value) and int(value) < 65536, "a port from 0 to 65535"),
    "bool": (lambda value: value.lower() in ("true", "false"), "true or false"),
    "size": (_is_size, "a size above 0 such as 4096, 64KB, 1MB or 2GB"),
    "folder": (lambda value: value and "," not in value, "one folder"),
    "duration": (_is_time, "a duration above 0 such as 200ms, 3s, 2m or 1h"),
}
