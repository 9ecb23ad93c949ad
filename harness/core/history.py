"""
What happened in one run, in order: the only thing that invariants may look at.

An action is an `invoke` and a completion that share `id` (unique per actor); a fact is one `ok`, with id 0.

  ok    it happened
  fail  it definitely did not happen
  info  nobody knows (a timeout, a crash); it may still take effect later

`time_ns` is CLOCK_MONOTONIC of the one machine everything runs on, so stamps of all processes compare.
Which ops there are, and what their values hold, is the table in `harness/core/README.md`.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import attrgetter
from typing import Any, Literal, get_args

import msgspec

OpType = Literal["invoke", "ok", "fail", "info"]
OP_TYPES: tuple[OpType, ...] = get_args(OpType)

HARNESS, NEMESIS = "harness", "nemesis"
OBSERVER, WORKLOAD, OPERATOR = "observer", "workload", "operator"
"""Who tells ops beside the nodes of a plan; the latter three are programs of their own."""

_PLACES = 1 << 12


class OutOfPlaceError(Exception):
    """An op came so late that looking ahead does not bring it into time order."""


class Op(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One invocation, completion or fact."""

    time_ns: int
    actor: str
    type: OpType
    f: str
    value: dict[str, Any] = {}
    error: str | None = None
    id: int = 0

    def line(self) -> str:
        """The op as one line of JSON."""
        row: dict[str, Any] = {"time_ns": self.time_ns, "actor": self.actor, "type": self.type, "f": self.f}
        if self.id:
            row["id"] = self.id
        row["value"] = self.value
        if self.error is not None:
            row["error"] = self.error
        try:
            return msgspec.json.encode(row).decode()
        except UnicodeEncodeError:  # a lone surrogate has no UTF-8, but an escape in JSON
            return json.dumps(row, separators=(",", ":"))

    @classmethod
    def parse(cls, line: str | bytes) -> "Op":
        """Read `line()` back. Raises ValueError when it is no op (a line cut short by a full disk)."""
        try:
            return cls._decoded(line)
        except (msgspec.ValidationError, RecursionError) as error:
            raise ValueError(f"not an op: {error}: {line[:80]!r}") from error

    @classmethod
    def _decoded(cls, line: str | bytes) -> "Op":
        try:
            return _DECODER.decode(line)
        except msgspec.ValidationError:
            raise
        except ValueError:  # json takes lone surrogates, and says what is no JSON
            return msgspec.convert(json.loads(line), cls)

    @classmethod
    def parse_all(cls, lines: Iterable[bytes]) -> list["Op"]:
        """The ops of many lines, in a loop that is not Python's. Raises ValueError when any is not quite one."""
        try:
            return list(map(_DECODER.decode, lines))
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


_DECODER = msgspec.json.Decoder(Op)
_time = attrgetter("time_ns")


class History(tuple[Op, ...]):
    """Ops in time order."""

    __slots__ = ()

    @classmethod
    def of(cls, ops: Iterable[Op]) -> "History":
        return cls(sorted(ops, key=_time))


def in_time_order(ops: Iterable[Op], places: int = _PLACES) -> Iterator[Op]:
    """
    The ops as `History.of` has them, with no more than three times so many `places` of them in memory.

    Raises OutOfPlaceError, when it is too late to give an op in its turn, if one came more than so many places late.
    """
    coming, held, given_ns = iter(ops), list[Op](), 0
    while block := list(islice(coming, places)):
        held = sorted(held + block, key=_time)
        if held[0].time_ns < given_ns:
            raise OutOfPlaceError
        yield from held[:-places]
        given_ns = held[-places - 1].time_ns if len(held) > places else given_ns
        held = held[-places:]
    yield from held
