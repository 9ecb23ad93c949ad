"""What of a scenario's runs its user chooses beside the seed, and the command that carries one out like that."""

import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.plan import EtcdRuntime, Plan

if TYPE_CHECKING:
    from harness.scenario.model import Scenario

RUNS = Path("runs")


@dataclass(frozen=True)
class Variant:
    """The options of `harness run` that change what is carried out, or where; None is as the scenario says."""

    runs: Path = RUNS
    etcd: EtcdRuntime | None = None
    fabric: str = "auto"
    overrides: tuple[tuple[str, str], ...] = ()
    time_scale: float | None = None

    def plan(self, scenario: "Scenario", seed: int) -> Plan:
        """Of a scenario that was loaded with the overrides. Raises InputError."""
        from harness import make_plan

        return self.adjusted(make_plan(scenario, seed))

    def adjusted(self, plan: Plan) -> Plan:
        """The plan, but with what was chosen over what the scenario says."""
        if self.time_scale is not None:
            plan = replace(plan, time_scale=self.time_scale)
        if self.etcd is not None:
            plan = replace(plan, etcd=replace(plan.etcd, runtime=self.etcd))
        return plan

    def words(self, scenario: str, seed: int) -> list[str]:
        """The command that carries out the same plan in the same way."""
        words = ["harness", "run", scenario, "--seed", str(seed)]
        words += [word for path, value in self.overrides for word in ("--set", f"{path}={value}")]
        for option, value in (("--etcd", self.etcd), ("--time-scale", self.time_scale)):
            words += [option, str(value)] if value is not None else []
        words += ["--fabric", self.fabric] if self.fabric != "auto" else []
        words += ["--runs", str(self.runs)] if self.runs != RUNS else []
        return words

    def repeat(self, scenario: str, seed: int) -> str:
        return shlex.join(self.words(scenario, seed))
