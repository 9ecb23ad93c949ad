"""Judging a run by its history alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.checks.catalogue import INVARIANTS, is_own
from harness.checks.evidence import NothingLeftBehind
from harness.checks.fold import Fold, feed
from harness.checks.invariant import Invariant
from harness.checks.reasons import Starvation, why_unknown
from harness.checks.truth import Truth
from harness.checks.verdict import Outcome, Verdict, worst
from harness.core.history import Op
from harness.core.plan import Expect, Plan


@dataclass(frozen=True)
class Judgement:
    """
    `not_judged` are names with the reason, in the catalogue's order, as `verdicts` are; `last_ns` is the time of the
    last op. `why` says in a sentence what made an unknown outcome so, and is empty for others.
    """

    outcome: Outcome
    as_expected: bool
    verdicts: tuple[Verdict, ...]
    not_judged: tuple[tuple[str, str], ...] = ()
    last_ns: int = 0
    why: str = ""


def judge(plan: Plan, ops: Iterable[Op], *others: Fold, is_over: bool = True) -> Judgement:
    """
    Judge a run's ops, given in time order, by the invariants that its plan selects; one pass over them, in which
    they are shown to `others` too. Of one that is not over what comes after its end is not judged.

    Any violation makes the run violated, whatever else is unknown: what was seen was seen. Without one, any invariant
    that could not be judged makes it unknown.
    """
    reasons = {name: reason for name in INVARIANTS if (reason := why_not_judged(plan, name))}
    reasons |= {} if is_over else {NothingLeftBehind.name: "it runs still"}
    reasons |= {name: "there is no such invariant" for name in plan.invariants.names if name not in INVARIANTS}
    truth = Truth(plan)
    starvation = Starvation(plan, truth.bounds)
    judged: list[Invariant] = [kind(plan, truth) for name, kind in INVARIANTS.items() if name not in reasons]
    last = feed(ops, (*truth.folds(), starvation, *judged, *others), plan.neighbours)
    verdicts = tuple(invariant.verdict() for invariant in judged)
    outcome = worst(verdict.outcome for verdict in verdicts)
    as_expected, last_ns = is_as_expected(plan.expect, verdicts), last.time_ns if last else 0
    why = why_unknown(verdicts, starvation.told()) if outcome == "unknown" else ""
    return Judgement(outcome, as_expected, verdicts, tuple(reasons.items()), last_ns, why)


def why_not_judged(plan: Plan, name: str) -> str:
    """Empty for an invariant that the plan selects: all named ones, and by default all that apply."""
    invariant, selection = INVARIANTS[name], plan.invariants
    if name in selection.without:
        return "the scenario leaves it out"
    if name in selection.names:
        return ""
    if not selection.default and not is_own(name):
        return "the scenario names others only"
    return "" if invariant.applies(plan) else invariant.needs


def is_as_expected(expect: Expect, verdicts: Iterable[Verdict]) -> bool:
    """Whether the outcome is the one expected and, of a violated run, exactly what should be is violated."""
    verdicts = tuple(verdicts)
    if worst(verdict.outcome for verdict in verdicts) != expect.outcome:
        return False
    violated = {verdict.name for verdict in verdicts if verdict.outcome == "violated"}
    return violated.issuperset(expect.violated) and violated.issubset({*expect.violated, *expect.also})
