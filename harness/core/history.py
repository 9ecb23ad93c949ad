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
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

OpType = Literal["invoke", "ok", "fail", "info"]

HARNESS, NEMESIS, OBSERVER, OPERATOR = "harness", "nemesis", "observer", "operator"


@dataclass(frozen=True, slots=True)
class Op:
    """One invocation, completion or fact. `index` is its place in the history, -1 before it has one."""

    time_ns: int
    actor: str
    type: OpType
    f: str
    value: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    id: int = 0
    index: int = -1

    def line(self) -> str:
        """The op as one line of JSON, without its index."""
        row: dict[str, Any] = {"time_ns": self.time_ns, "actor": self.actor, "type": self.type, "f": self.f}
        if self.id:
            row["id"] = self.id
        row["value"] = self.value
        if self.error is not None:
            row["error"] = self.error
        return json.dumps(row, separators=(",", ":"))

    @classmethod
    def parse(cls, line: str | bytes) -> "Op":
        """Read `line()` back. Raises ValueError when it is no op (a line cut short by a full disk)."""
        try:
            op = cls(**json.loads(line))
        except (TypeError, RecursionError) as error:
            raise ValueError(f"not an op: {line[:80]!r}") from error
        if op.type not in get_args(OpType) or not isinstance(op.value, dict) or type(op.time_ns) is not int:
            raise ValueError(f"not an op: {line[:80]!r}")
        return op


class History(tuple[Op, ...]):
    """Ops in time order, indexed from 0."""

    __slots__ = ()

    @classmethod
    def of(cls, ops: Iterable[Op]) -> "History":
        in_order = sorted(ops, key=lambda op: op.time_ns)
        return cls(replace(op, index=i) for i, op in enumerate(in_order))
