"""
What a run came to, as one JSON document: the contract of `--json` and of `result.json`.

A result is made from the plan, the history and the judgement alone, so `harness check` makes the same one again. Times
are seconds since the run phase began, durations are seconds.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.checks import Judgement
from harness.checks.verdict import Outcome, Verdict, Violation
from harness.core.history import HARNESS, NEMESIS, Op
from harness.core.lasting import is_for_good
from harness.core.plan import Expect, Plan, Step
from harness.report.wording import fault_text, op_text, settings_text

PHASES = ("start", "run", "heal", "settle", "stop")
COUNTED = ("lookup", "read")


@dataclass(frozen=True)
class FaultRow:
    """
    One step as it happened. `until_s` is when its heal began, None if it never did; `*_after_s` is how long it took,
    None where nothing was recorded of it: the run was ended before.
    """

    fault: str
    text: str
    targets: list[str]
    at_s: float | None
    until_s: float | None
    effect: str
    heal: str
    effect_after_s: float | None
    heal_after_s: float | None
    detail: str


@dataclass(frozen=True)
class InvariantRow:
    """
    `violations` are `{"text","ops":[OP]}`; an OP is a line of the history with its `index` in time order, its number in
    the file (`line`, None where there is no file), `at_s`, and `told`: its value in words.
    """

    name: str
    outcome: Outcome
    summary: str
    missing: str
    examined: dict[str, Any]
    violations: list[dict[str, Any]]


@dataclass(frozen=True)
class Result:
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

    @classmethod
    def of(
        cls,
        plan: Plan,
        ops: Iterable[Op],
        judgement: Judgement,
        run_dir: Path | str,
        *,
        judge_s: float = 0.0,
        lines: Mapping[int, int] | None = None,
    ) -> "Result":
        """
        Sum up a run in one pass over its ops; `judge_s` is how long judging took, `lines` where the ops of violations
        stand in the history's file, by their index.
        """
        seen = _Seen()
        for op in ops:
            seen.add(op)
        names = {identity: name for name, identity in plan.identities.items()}
        evidence = _Evidence(seen.zero_ns, names, lines or {})
        return cls(
            scenario=plan.scenario,
            seed=plan.seed,
            outcome=judgement.outcome,
            as_expected=judgement.as_expected,
            expected=plan.expect,
            run_dir=str(run_dir),
            fabric=seen.run.get("fabric", ""),
            etcd=seen.run.get("etcd", {}),
            nodes={"workers": len(plan.workers), "clients": len(plan.clients)},
            phases={**seen.phases(), "judge_s": _rounded(judge_s)},
            wall_s=_rounded(seen.span_s + judge_s),
            faults=seen.faults(plan),
            ops=seen.counts,
            invariants=[_invariant(verdict, evidence) for verdict in judgement.verdicts],
            not_judged=[{"name": name, "reason": reason} for name, reason in judgement.not_judged],
            left_behind=seen.left_behind,
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


@dataclass
class _Seen:
    """The fold over the ops."""

    run: dict[str, Any] = field(default_factory=dict)
    first_ns: int | None = None
    last_ns: int = 0
    zero_ns: int = 0
    left_behind: list[str] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(
        default_factory=lambda: {name: {"ok": 0, "fail": 0, "info": 0} for name in COUNTED}
    )
    _phase: dict[str, list[int]] = field(default_factory=dict)
    _steps: dict[int, dict[str, Op]] = field(default_factory=dict)

    @property
    def span_s(self) -> float:
        return (self.last_ns - (self.first_ns or self.last_ns)) / 1e9

    def add(self, op: Op) -> None:
        if self.first_ns is None:
            self.first_ns = op.time_ns
        self.last_ns = op.time_ns
        if op.f in self.counts:
            self._count(op)
        elif op.actor == NEMESIS:
            part = op.f if op.f in ("heal", "skip") else "fault"
            begun = op.type == "invoke" or op.f == "skip"
            self._steps.setdefault(op.value["step"], {})[part if begun else f"{part} done"] = op
        elif op.actor == HARNESS:
            self._fact(op)

    def _count(self, op: Op) -> None:
        """An op is `info`, nobody knows, until its completion says otherwise."""
        count = self.counts[op.f]
        if op.type == "invoke":
            count["info"] += 1
        elif op.type != "info":
            count["info"] -= 1
            count[op.type] += 1

    def _fact(self, op: Op) -> None:
        if op.f == "run":
            self.run = op.value
        elif op.f == "left-behind":
            self.left_behind = list(op.value["left"])
        elif op.f == "phase":
            self._phase.setdefault(op.value["phase"], []).append(op.time_ns)
            if op.value["phase"] == "run" and op.type == "invoke":
                self.zero_ns = op.time_ns

    def phases(self) -> dict[str, float]:
        """A phase that did not end lasted until the history does."""
        times = {name: self._phase.get(name, []) for name in PHASES}
        return {
            f"{name}_s": _rounded(((stamps[1:] or [self.last_ns])[0] - stamps[0]) / 1e9) if stamps else 0.0
            for name, stamps in times.items()
        }

    def faults(self, plan: Plan) -> list[FaultRow]:
        steps = dict(enumerate(plan.steps))
        return [_fault(parts, steps.get(number), self.zero_ns) for number, parts in sorted(self._steps.items())]


@dataclass(frozen=True)
class _Evidence:
    """The ops of a violation as people look them up; `names` are those of identities."""

    zero_ns: int
    names: Mapping[str, str]
    lines: Mapping[int, int]

    def of(self, violation: Violation) -> dict[str, Any]:
        return {"text": violation.text, "ops": [self._op(op) for op in violation.ops]}

    def _op(self, op: Op) -> dict[str, Any]:
        place = {"index": op.index, "line": self.lines.get(op.index), "at_s": _at_s(op, self.zero_ns)}
        return {**place, "told": op_text(op, self.names, self.zero_ns), **json.loads(op.line())}


def _fault(parts: dict[str, Op], step: Step | None, zero_ns: int) -> FaultRow:
    begun, healed = parts.get("fault"), parts.get("heal")
    effect, heal = parts.get("fault done"), parts.get("heal done")
    first = begun or parts.get("skip") or healed or effect or heal
    if first is None:
        raise ValueError("a step without ops")
    proofs = [op for op in (parts.get("skip"), effect, heal) if op is not None]
    has_heal = begun is not None and not (step and is_for_good(step))
    return FaultRow(
        fault=begun.f if begun else str(first.value.get("fault", first.f)),
        text=f"{fault_text(first)} {settings_text(step) if step else ''}".rstrip(),
        targets=list(first.value.get("targets", ())),
        at_s=_at_s(first, zero_ns),
        until_s=_at_s(healed, zero_ns),
        effect=_proof(effect, "effect", "absent"),
        heal=_proof(heal, "heal", "absent" if has_heal else "not-applicable"),
        effect_after_s=_after_s(effect or parts.get("skip")),
        heal_after_s=_after_s(heal),
        detail="; ".join(text for op in proofs if (text := op.error or str(op.value.get("detail", "")))),
    )


def _proof(op: Op | None, what: str, otherwise: str) -> str:
    return str(op.value.get(what, "absent")) if op is not None else otherwise


def _after_s(op: Op | None) -> float | None:
    return None if op is None else _rounded(float(op.value.get("after_s", 0.0)))


def _at_s(op: Op | None, zero_ns: int) -> float | None:
    return None if op is None else _rounded((op.time_ns - zero_ns) / 1e9)


def _invariant(verdict: Verdict, evidence: _Evidence) -> InvariantRow:
    violations = [evidence.of(violation) for violation in verdict.violations]
    return InvariantRow(
        verdict.name, verdict.outcome, verdict.summary, verdict.missing, dict(verdict.examined), violations
    )


def _rounded(seconds: float) -> float:
    return round(seconds, 3)
