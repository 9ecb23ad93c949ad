"""
What a run came to, as one JSON document: the contract of `--json` and of `result.json`.

A result is made from the plan, the history and the judgement alone, so `harness check` makes the same one again. Times
are seconds since the run phase began, durations are seconds.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.checks import Judgement
from harness.checks.verdict import Outcome, Verdict, Violation
from harness.core.history import Op
from harness.core.plan import Expect, Plan
from harness.report.course import Course, FaultRow, at_s, rounded
from harness.report.wording import op_text


@dataclass(frozen=True)
class InvariantRow:
    """
    `violations` are `{"text","ops":[OP]}`; an OP is a line of the history with its number in the file (`line`, None
    where there is no file), `at_s`, and `told`: its value in words.
    """

    name: str
    outcome: Outcome
    summary: str
    missing: str
    examined: dict[str, Any]
    violations: list[dict[str, Any]]


@dataclass(frozen=True)
class Result:
    """
    `wall_s` is how long the run took, from its first op to its last; judging it, once or again, is no part of that.
    `why` says in a sentence what made an unknown outcome so, and is empty for others.
    """

    scenario: str
    seed: int
    outcome: Outcome
    as_expected: bool
    expected: Expect
    run_dir: str
    fabric: str
    etcd: dict[str, Any]
    nodes: dict[str, int]
    phases: dict[str, float]
    wall_s: float
    faults: list[FaultRow]
    ops: dict[str, dict[str, int]]
    invariants: list[InvariantRow]
    not_judged: list[dict[str, str]]
    left_behind: list[str]
    why: str = ""

    @classmethod
    def of(
        cls,
        plan: Plan,
        course: Course,
        judgement: Judgement,
        run_dir: Path | str,
        *,
        judge_s: float = 0.0,
        lines: Mapping[str, int] | None = None,
    ) -> "Result":
        """
        Sum up a run, of which `course` was shown all ops; `judge_s` is how long judging took, `lines` where the ops of
        violations stand in the history's file, by their text.
        """
        names = {identity: name for name, identity in plan.identities.items()}
        evidence = _Evidence(course.zero_ns, names, lines or {})
        return cls(
            scenario=plan.scenario,
            seed=plan.seed,
            outcome=judgement.outcome,
            as_expected=judgement.as_expected,
            expected=plan.expect,
            run_dir=str(run_dir),
            fabric=course.run.get("fabric", ""),
            etcd=course.run.get("etcd", {}),
            nodes={"workers": len(plan.workers), "clients": len(plan.clients)},
            phases={**course.phases(judgement.last_ns), "judge_s": rounded(judge_s)},
            wall_s=rounded(course.span_s(judgement.last_ns)),
            faults=course.faults(plan),
            ops=course.counts(),
            invariants=[_invariant(verdict, evidence) for verdict in judgement.verdicts],
            not_judged=[{"name": name, "reason": reason} for name, reason in judgement.not_judged],
            left_behind=course.left_behind,
            why=judgement.why,
        )

    @property
    def exit_code(self) -> int:
        """0 as expected, 2 unknown, 1 anything else: violated, or valid where a violation was expected."""
        if self.as_expected:
            return 0
        return 2 if self.outcome == "unknown" else 1

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Result":
        """Read `to_json()` back. Raises ValueError, KeyError or TypeError when it is no result."""
        row = json.loads(text)
        names = {name: tuple(row["expected"][name]) for name in ("violated", "also")}
        row["expected"] = Expect(**{**row["expected"], **names})
        row["faults"] = [FaultRow(**fault) for fault in row["faults"]]
        row["invariants"] = [InvariantRow(**invariant) for invariant in row["invariants"]]
        return cls(**row)


@dataclass(frozen=True)
class _Evidence:
    """The ops of a violation as people look them up; `names` are those of identities."""

    zero_ns: int
    names: Mapping[str, str]
    lines: Mapping[str, int]

    def of(self, violation: Violation) -> dict[str, Any]:
        return {"text": violation.text, "ops": [self._op(op) for op in violation.ops]}

    def _op(self, op: Op) -> dict[str, Any]:
        line = op.line()
        place = {"line": self.lines.get(line), "at_s": at_s(op, self.zero_ns)}
        return {**place, "told": op_text(op, self.names, self.zero_ns), **json.loads(line)}


def _invariant(verdict: Verdict, evidence: _Evidence) -> InvariantRow:
    violations = [evidence.of(violation) for violation in verdict.violations]
    return InvariantRow(
        verdict.name, verdict.outcome, verdict.summary, verdict.missing, dict(verdict.examined), violations
    )
