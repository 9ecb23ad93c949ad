"""How a run went, by its history: its phases, its faults, how many ops there were; all but what invariants say."""

from dataclasses import dataclass
from typing import Any

from harness.checks.fold import Fold
from harness.core.history import OP_TYPES, Op
from harness.core.lasting import is_for_good
from harness.core.plan import Plan, Step
from harness.report.wording import fault_text, settings_text

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


class Course(Fold):
    def __init__(self) -> None:
        self.run: dict[str, Any] = {}
        self.zero_ns = 0
        self.left_behind: list[str] = []
        self._first_ns: int | None = None
        self._phases: dict[str, list[int]] = {}
        self._steps: dict[int, dict[str, Op]] = {}
        self._counts = {name: dict.fromkeys(OP_TYPES, 0) for name in COUNTED}

    def on_run(self, op: Op) -> None:
        self._first_ns = op.time_ns
        self.run = op.value

    def on_left_behind(self, op: Op) -> None:
        self.left_behind = list(op.value["left"])

    def on_phase(self, op: Op) -> None:
        self._phases.setdefault(op.value["phase"], []).append(op.time_ns)
        if op.value["phase"] == "run" and op.type == "invoke":
            self.zero_ns = op.time_ns

    def on_fault(self, op: Op) -> None:
        self._step("fault", op)

    def on_heal(self, op: Op) -> None:
        self._step("heal", op)

    def on_skip(self, op: Op) -> None:
        self._steps.setdefault(op.value["step"], {})["skip"] = op

    def _step(self, part: str, op: Op) -> None:
        self._steps.setdefault(op.value["step"], {})[part if op.type == "invoke" else f"{part} done"] = op

    def on_lookup(self, op: Op) -> None:
        self._counts[op.f][op.type] += 1

    on_read = on_lookup

    def counts(self) -> dict[str, dict[str, int]]:
        """An op is `info`, nobody knows, until its completion says otherwise."""
        return {
            name: {"ok": of["ok"], "fail": of["fail"], "info": of["invoke"] - of["ok"] - of["fail"]}
            for name, of in self._counts.items()
        }

    def span_s(self, last_ns: int) -> float:
        """From its first op to its last."""
        return (last_ns - (self._first_ns or last_ns)) / 1e9

    def phases(self, last_ns: int) -> dict[str, float]:
        """A phase that did not end lasted until the history does."""
        times = {name: self._phases.get(name, []) for name in PHASES}
        return {
            f"{name}_s": rounded(((stamps[1:] or [last_ns])[0] - stamps[0]) / 1e9) if stamps else 0.0
            for name, stamps in times.items()
        }

    def faults(self, plan: Plan) -> list[FaultRow]:
        steps = dict(enumerate(plan.steps))
        return [_fault(parts, steps.get(number), self.zero_ns) for number, parts in sorted(self._steps.items())]


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
        at_s=at_s(first, zero_ns),
        until_s=at_s(healed, zero_ns),
        effect=_proof(effect, "effect", "absent"),
        heal=_proof(heal, "heal", "absent" if has_heal else "not-applicable"),
        effect_after_s=_after_s(effect or parts.get("skip")),
        heal_after_s=_after_s(heal),
        detail="; ".join(text for op in proofs if (text := op.error or str(op.value.get("detail", "")))),
    )


def _proof(op: Op | None, what: str, otherwise: str) -> str:
    return str(op.value.get(what, "absent")) if op is not None else otherwise


def _after_s(op: Op | None) -> float | None:
    return None if op is None else rounded(float(op.value.get("after_s", 0.0)))


def at_s(op: Op | None, zero_ns: int) -> float | None:
    return None if op is None else rounded((op.time_ns - zero_ns) / 1e9)


def rounded(seconds: float) -> float:
    return round(seconds, 3)
