"""What the nodes did: ops per node and column, whom clients took for owners, and how long they waited."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Literal

from harness.checks.fold import Fold
from harness.core.history import Op
from harness.core.lasting import PROCEDURES
from harness.core.spread import Spread
from harness.report.html.clock import COARSE, Clock

Stage = Literal["before", "during", "after"]
STAGES: tuple[Stage, ...] = ("before", "during", "after")
TIMED = ("lookup", "read")
TYPES = ("ok", "fail", "info")

Columns = Counter[int]
"""How many, by column; a column without any is not there."""


class Stages(Fold):
    """Before the first fault, while any is open, or with none open any more. To be shown an op before `Activity` is."""

    def __init__(self) -> None:
        self.now: Stage = "before"
        self._open: set[int] = set()

    def on_fault(self, op: Op) -> None:
        if op.type == "invoke":
            self._open.add(op.value["step"])
            self.now = "during"
        elif op.f in PROCEDURES:
            self._closed(op.value["step"])

    def on_heal(self, op: Op) -> None:
        if op.type != "invoke":
            self._closed(op.value["step"])

    def _closed(self, step: int) -> None:
        self._open.discard(step)
        self.now = "during" if self._open else "after"


@dataclass
class Done:
    """The ops of one node, completions by type and column. `what` says which ops are counted."""

    what: str
    by_type: dict[str, Columns] = field(default_factory=lambda: {name: Counter() for name in TYPES})

    def total(self, of: str) -> int:
        return self.by_type[of].total()


class Activity(Fold):
    """
    Lookups and reads of clients, the lease ops of workers, and reads of etcd by the observer.

    An invoke that nothing completed is `info`, nobody knows, at the time it began. `waits_at` and `owners` are by
    coarse column.
    """

    def __init__(self, clock: Clock, stages: Stages) -> None:
        self.nodes: dict[str, Done] = {}
        self.waits: dict[str, dict[Stage, Spread]] = {f: {stage: Spread() for stage in STAGES} for f in TIMED}
        self.waits_at: dict[str, dict[int, Spread]] = {f: defaultdict(Spread) for f in TIMED}
        self.owners: dict[str, Columns] = defaultdict(Counter)
        self._clock, self._stages = clock, stages
        self._begun: dict[tuple[str, int], tuple[int, Stage]] = {}

    def on_keepalive(self, op: Op) -> None:
        self._count(op, "lease ops")

    on_grant = on_register = on_revoke = on_keepalive

    def on_member(self, op: Op) -> None:
        self._count(op, "reads by the observer", str(op.value["member"]))

    def on_reach(self, op: Op) -> None:
        self._count(op, "reads by the observer", "etcd")

    def on_lookup(self, op: Op) -> None:
        place = op.actor, op.id
        if op.type == "invoke":
            self._begun[place] = op.time_ns, self._stages.now
            return
        began_ns, stage = self._begun.pop(place, (op.time_ns, self._stages.now))
        self._count(op, "lookups and reads")
        if op.type == "ok":
            took_ns = op.time_ns - began_ns
            self.waits[op.f][stage].add(took_ns)
            self.waits_at[op.f][self._clock.column(began_ns) // COARSE].add(took_ns)
            if owner := op.value.get("owner"):  # a guest may not know
                self.owners[owner][self._clock.column(op.time_ns) // COARSE] += 1

    on_read = on_lookup

    def unanswered(self) -> None:
        """To be called after the last op."""
        for (actor, _), (began_ns, _) in self._begun.items():
            self._done(actor, "lookups and reads").by_type["info"][self._clock.column(began_ns)] += 1
        self._begun.clear()

    def _count(self, op: Op, what: str, node: str = "") -> None:
        if op.type in TYPES:
            self._done(node or op.actor, what).by_type[op.type][self._clock.column(op.time_ns)] += 1

    def _done(self, node: str, what: str) -> Done:
        return self.nodes.setdefault(node, Done(what))
