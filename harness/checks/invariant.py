"""A property that must hold of every run: a fold over its history that ends in a verdict."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from harness.checks.fold import Fold
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, Violation
from harness.core.history import Op
from harness.core.plan import Plan

_VIOLATIONS_KEPT = 20


class Invariant(Fold, ABC):
    """
    `says` is the property in one sentence, `id` its row in the catalogue (README.md), `needs` why it is not judged
    where it does not apply.
    """

    name: ClassVar[str]
    id: ClassVar[str]
    says: ClassVar[str]
    needs: ClassVar[str] = ""

    def __init__(self, plan: Plan, truth: Truth) -> None:
        self.plan = plan
        self.truth = truth
        self._violations: list[Violation] = []
        self._violations_count = 0

    @staticmethod
    def applies(plan: Plan) -> bool:
        """Whether runs of this plan can show anything about it at all."""
        return True

    @abstractmethod
    def verdict(self) -> Verdict:
        """To be asked once, after the last op."""

    def violated(self, text: str, *ops: Op | None) -> None:
        """Keep a counter-example; beyond the first few they are only counted."""
        self._violations_count += 1
        if len(self._violations) < _VIOLATIONS_KEPT:
            self._violations.append(Violation(text, tuple(op for op in ops if op)))

    def answer(self, summary: str, missing: str = "", **examined: Any) -> Verdict:
        """The verdict from what was kept; `missing` makes it unknown, unless there are violations."""
        examined["violations"] = self._violations_count
        return Verdict(self.name, summary, examined, tuple(self._violations), missing)
