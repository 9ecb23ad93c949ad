"""
What the value of each op holds, as `harness/core/README.md` tells it: for saying what is wrong with a history.

Ops are not looked at in this way as they are read, for that takes longer than judging them; only where judging them
fails.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from harness.core.history import NEMESIS, Op

_SHOWN = 40
_PLACE, _PART = re.compile(r"at `\$(.*)`$"), re.compile(r"\[(\d+)\]|\.(\w+)")
_MISSING = re.compile(r"Object missing required field `(\w+)`")


class Kind(NamedTuple):
    """What a field may be: in words, and as a type; `is_optional` where it may be left out."""

    words: str
    type: Any
    is_optional: bool = False

    @property
    def or_nothing(self) -> "Kind":
        return Kind(f"{self.words}, or null", self.type | None, self.is_optional)

    @property
    def optional(self) -> "Kind":
        return self._replace(is_optional=True)


_Whole = Annotated[int, msgspec.Meta(ge=0)]
WHOLE, ANY_WHOLE = Kind("a whole number, 0 or more", _Whole), Kind("a whole number", int)
NUMBER, TEXT, YES_OR_NO = Kind("a number", float), Kind("a text", str), Kind("true or false", bool)
WALL = Kind("seconds since 1970, before the year 10000", Annotated[float, msgspec.Meta(ge=0, lt=253402300800)])
NOTHING = Kind("null", None)
TEXTS, NUMBERS = Kind("a list of texts", list[str]), Kind("a list of whole numbers", list[_Whole])
ADDRESSES = Kind("a map of texts to texts", dict[str, str])


class KeyValue(msgspec.Struct):
    key: str
    revision: _Whole
    create_revision: _Whole
    version: _Whole
    lease: _Whole
    text: str


class Part(msgspec.Struct, rename={"source": "from"}):
    source: str
    offset: _Whole
    length: _Whole
    sha256: str


class EtcdFacts(msgspec.Struct):
    """What `run` tells of etcd."""

    runtime: str
    version: str
    members: _Whole


def one_of(*words: str) -> Kind:
    return Kind(f"one of {', '.join(words)}", Literal[words])


Shape = Mapping[str, Kind]

_ENTRY = {"key": TEXT, "revision": WHOLE, "create_revision": WHOLE, "version": WHOLE, "lease": WHOLE, "text": TEXT}
_PROCESS = {"pid": WHOLE, "incarnation": WHOLE}
_LEASE = {"lease": WHOLE}
_KEYS, _SENT = {"keys": TEXTS}, {"sent_ns": WHOLE}
_REVISION, _ID, _KEY = {"revision": WHOLE}, {"id": TEXT}, {"key": TEXT, "final": YES_OR_NO.optional}
_STEP = {"step": WHOLE, "targets": TEXTS}
_CUTS = Kind("a list of pairs of lists of texts", list[tuple[list[str], list[str]]]).optional
_PROOF = one_of("proven", "absent", "not-applicable")
_PROVEN = {"after_s": NUMBER, "detail": TEXT}

ALWAYS: Mapping[str, Shape] = {
    "run": {
        "etcd": Kind("a map of runtime, version and members", EtcdFacts),
        "fabric": TEXT,
        "harness": TEXT,
        "scenario": TEXT.optional,
        "seed": WHOLE.optional,
        "wall_s": WALL,
    },
    "phase": {"phase": one_of("start", "run", "heal", "settle", "stop")},
    "left-behind": {"left": TEXTS},
    "start": {**_PROCESS, "create_time_s": NUMBER},
    "exit": {**_PROCESS, "status": ANY_WHOLE, "asked": YES_OR_NO, "ran_s": NUMBER},
    "signal": {**_PROCESS, "signal": one_of("TERM", "KILL", "STOP", "CONT")},
    "grant": {**_LEASE, **_SENT, "ttl_s": NUMBER},
    "register": {**_ID, **_LEASE, **_REVISION, **_SENT},
    "keepalive": {**_LEASE, **_SENT, "ttl_s": NUMBER},
    "fence": _LEASE,
    "serve": _LEASE,
    "lease-lost": {**_LEASE, "reason": TEXT},
    "revoke": _LEASE,
    "uncached": {"why": TEXT},
    "removed": _ID,
    "put": _ENTRY,
    "delete": {"key": TEXT, **_REVISION},
    "snapshot": {**_REVISION, "kvs": Kind(f"a list of maps of {', '.join([*_ENTRY][:-1])} and text", list[KeyValue])},
    "leases": {**_REVISION, "leases": NUMBERS},
    "reach": {**_SENT, **_REVISION},
    "member": {"member": TEXT, **_SENT, **_REVISION},
    "leader": {"member": TEXT, "term": WHOLE},
    "view": {
        **_PROCESS,
        **_REVISION,
        "digest": TEXT.optional,
    },
    "members": {**_PROCESS, "revision": NOTHING, "members": TEXTS},
    "lookup": _KEY,
    "read": _KEY,
    "heal": {**_STEP, "fault": TEXT},
    "skip": {"step": WHOLE, "fault": TEXT},
    "remove-worker": _ID,
    "write": _KEYS,
    "erase": _KEYS,
    "compact": {"keep": WHOLE},
    "final": {"clients": WHOLE, "lookups": WHOLE, "reads": WHOLE},
}
"""By the name of an op, whatever its type."""

WHEN_OK: Mapping[str, Shape] = {
    "revoke": _SENT,
    "sample": {
        **_PROCESS,
        **_SENT,
        **_REVISION,
        "id": TEXT.or_nothing.optional,
        "state": TEXT,
    },
    "lookup": {"owner": TEXT.or_nothing, **_REVISION},
    "read": {
        **_REVISION,
        "owner": TEXT.or_nothing,
        "tried": TEXTS.optional,
        "asked": Kind("a list of texts and nulls", list[str | None]).optional,
        "served_by": TEXT,
        "length": WHOLE,
        "sha256": TEXT,
        "hits": WHOLE.optional,
        "misses": WHOLE.optional,
        "parts": Kind("a list of maps of from, offset, length and sha256", list[Part]).optional,
    },
    "heal": {"heal": _PROOF, **_PROVEN},
    "remove-worker": _REVISION,
    "write": _REVISION,
    "erase": _REVISION,
    "compact": {**_REVISION, "refused": YES_OR_NO},
}
"""What an op of type ok holds beside that."""

CONTENT: Shape = {"online": ADDRESSES, "offline": ADDRESSES, "rejected": TEXTS}
"""What a view holds where it has no digest."""
FAULT: Shape = {**_STEP, "cuts": _CUTS}
FAULT_WHEN_OK: Shape = {"effect": _PROOF, **_PROVEN}
"""Of every fault, whatever its name."""


def wrong_with(op: Op, guests: Collection[str] = ()) -> str:
    """
    `'revision' is "seven"; it should be a whole number, 0 or more`: the first field that does not fit; else empty.

    `guests` are clients of somebody else, who know no revisions.
    """
    for name, kind in _fields(op):
        if name == "revision" and op.actor in guests:
            continue
        if name not in op.value:
            if not kind.is_optional:
                return f"{name!r} is missing; it should be {kind.words}"
            continue
        try:
            msgspec.convert(op.value[name], kind.type)
        except msgspec.ValidationError as error:
            return _misfit(name, op.value[name], kind, str(error))
    return ""


def _misfit(name: str, value: Any, kind: Kind, said: str) -> str:
    """`'kvs[3].lease' is missing; 'kvs' should be a list of ...`: as near as msgspec says it, which knows no keys."""
    inner = _PLACE.search(said)
    place = inner[1] if inner and "..." not in inner[1] else ""
    for index, field in _PART.findall(place):
        value = value[int(index)] if index else value[field]
    should = f"{name!r} should be {kind.words}" if place else f"it should be {kind.words}"
    if missing := _MISSING.match(said):
        return f"'{name}{place}.{missing[1]}' is missing; {name!r} should be {kind.words}"
    return f"'{name}{place}' is {_shown(value)}; {should}"


def _fields(op: Op) -> Iterator[tuple[str, Kind]]:
    """
    Of a fault, whatever its name; of an op that is not known none. The content of a view may be left out as a whole
    where there is a digest of it.
    """
    if op.f == "view" and ("digest" not in op.value or not op.value.keys().isdisjoint(CONTENT)):
        yield from CONTENT.items()
    is_fault = op.actor == NEMESIS and op.f not in ("heal", "skip")
    yield from (FAULT if is_fault else ALWAYS.get(op.f, {})).items()
    if op.type == "ok":
        yield from (FAULT_WHEN_OK if is_fault else WHEN_OK.get(op.f, {})).items()


def _shown(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
