"""Judging: every invariant is a fold over a run's history, and `judge` asks them all in one pass."""

from harness.checks.catalogue import INVARIANTS
from harness.checks.invariant import Invariant
from harness.checks.judging import Judgement, judge
from harness.checks.verdict import Outcome, Verdict, Violation

__all__ = ["INVARIANTS", "Invariant", "Judgement", "Outcome", "Verdict", "Violation", "judge"]
