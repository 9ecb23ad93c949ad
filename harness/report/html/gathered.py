"""One pass over a history, in a memory that does not grow with it: all that a report draws."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from harness.checks.fold import Fold, feed
from harness.core.history import Op
from harness.core.plan import Plan
from harness.report.html.activity import Activity, Stages
from harness.report.html.clock import Clock
from harness.report.html.evidence import Rings, ops_in
from harness.report.html.machine import Usage, usages
from harness.report.html.membership import Membership
from harness.report.result import Result


class Moments(Fold):
    """When phases began and ended, and what the first op says; shifts the clock's zero to the begin of the run."""

    def __init__(self, clock: Clock) -> None:
        self.phases: dict[str, list[int]] = {}
        self.run: dict[str, Any] = {}
        self.run_ns = 0
        self._clock = clock

    def on_run(self, op: Op) -> None:
        self.run, self.run_ns = op.value, op.time_ns

    def on_phase(self, op: Op) -> None:
        phase = op.value["phase"]
        self.phases.setdefault(phase, []).append(op.time_ns)
        if phase == "run" and op.type == "invoke":
            self._clock.zero_ns = op.time_ns

    @property
    def wall_s(self) -> float:
        """The wall clock at the begin of the run phase, seconds since 1970; 0 where the history does not tell."""
        told = self.run.get("wall_s")
        return told + (self._clock.zero_ns - self.run_ns) / 1e9 if told else 0.0


@dataclass(frozen=True)
class Gathered:
    clock: Clock
    moments: Moments
    activity: Activity
    membership: Membership
    rings: Rings
    usages: dict[str, Usage] = field(default_factory=dict)
    ops: int = 0


def gather(plan: Plan, ops: Iterable[Op], result: Result, metrics: Iterable[Mapping[str, Any]] = ()) -> Gathered:
    """`ops` in the order of their file, which is nearly that of time; a column more or less is all that it may cost."""
    ops = iter(ops)
    first = list(islice(ops, 1))
    clock = Clock(first[0].time_ns if first else 0, max(result.wall_s, 0.01), 0)
    clock.zero_ns = clock.first_ns
    moments, stages = Moments(clock), Stages()
    activity = Activity(clock, stages)
    membership = Membership(plan, [op["actor"] for op in ops_in(result)])
    rings, counter = Rings(plan, result), _Counter()
    feed(counter.of(chain(first, ops)), (moments, stages, activity, membership, rings), plan.neighbours)
    activity.unanswered()
    return Gathered(clock, moments, activity, membership, rings, usages(metrics, clock), counter.seen)


class _Counter:
    def __init__(self) -> None:
        self.seen = 0

    def of(self, ops: Iterable[Op]) -> Iterable[Op]:
        for op in ops:
            self.seen += 1
            yield op
