"""When the steps of a plan may be open, as far as that is known beforehand: one that waits `when` begins some time."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from harness.core.lasting import lasts_s, takes_s
from harness.core.plan import Step
from harness.faults import fault_of

_ANYBODY = ("anybody",)


@dataclass(frozen=True)
class Span:
    """
    A step begins `begin_s` seconds after start-up or, waiting, up to `latest_s`, and is over by `end_s`.

    `after` are the steps that are surely over before it begins. `is_lasting`: it has no end of its own. `is_free`: it
    acts on links, which are counted, or on etcd alone, so it goes together with anything; the others act on processes,
    and of those one at a time holds a node.
    """

    index: int
    begin_s: float
    latest_s: float
    least_end_s: float
    end_s: float
    after: frozenset[int]
    is_free: bool
    is_lasting: bool

    @property
    def order(self) -> tuple[float, int]:
        """Plan order: nothing waits for what comes later in it."""
        return self.begin_s, self.index

    def may_meet(self, other: "Span") -> bool:
        in_turn = self.index in other.after or other.index in self.after
        return not in_turn and self.begin_s < other.end_s and other.begin_s < self.end_s

    def may_find(self, other: "Span") -> bool:
        """Whether the other one may be open when this one begins."""
        return self.may_meet(other) and other.begin_s <= self.latest_s

    def excludes(self, other: "Span") -> bool:
        """Whether a node that the other one holds can't be drawn for this one."""
        return self.may_find(other) if self.is_free or other.is_free else self.may_meet(other)

    def waits_for(self, other: "Span") -> bool:
        """Whether this one has to wait until the other one is over, when they share a node."""
        return not (self.is_free or other.is_free) and other.order < self.order


def spans_of(steps: Sequence[Step]) -> list[Span]:
    spans: list[Span] = []
    for index, step in enumerate(steps):
        spans.append(_span(index, step, spans[-1] if spans else None))
    return spans


def _span(index: int, step: Step, previous: Span | None) -> Span:
    takes, lasts = takes_s(step), lasts_s(step)
    if step.at_s is not None:
        begin_s = latest_s = step.at_s
        after: frozenset[int] = frozenset()
    else:
        begin_s, latest_s = (previous.least_end_s if previous else 0.0) + (step.when.after_s if step.when else 0.0), inf
        after = _over_after(previous) if previous else frozenset()
    end_s = inf if lasts is None else latest_s + takes + lasts
    return Span(index, begin_s, latest_s, begin_s + takes + (lasts or 0.0), end_s, after, is_free(step), lasts is None)


def is_free(step: Step) -> bool:
    """Whether it acts on no process; of those that do, one at a time holds a node."""
    return bool(fault_of(step).cuts(_ANYBODY)) or step.params.get("stop") == "none"


def _over_after(span: Span) -> frozenset[int]:
    return span.after if span.is_lasting else span.after | {span.index}
