"""`harness run`: carry out scenarios and judge them."""

import shlex
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from harness.cli import exits, options
from harness.cli.plan import summary
from harness.core.plan import EtcdRuntime, Plan

if TYPE_CHECKING:
    from harness.scenario.model import Scenario


@dataclass(frozen=True)
class Wanted:
    """The options of one `harness run`."""

    seed: int | None
    runs: Path
    etcd: EtcdRuntime | None
    fabric: str
    overrides: tuple[tuple[str, str], ...]
    time_scale: float | None
    as_json: bool
    quiet: bool
    verbose: bool

    def repeat(self, scenario: str, seed: int) -> str:
        """The command that carries out the same plan in the same way."""
        words = ["harness", "run", scenario, "--seed", str(seed)]
        words += [word for path, value in self.overrides for word in ("--set", f"{path}={value}")]
        for option, value in (("--etcd", self.etcd), ("--time-scale", self.time_scale)):
            words += [option, str(value)] if value is not None else []
        words += ["--fabric", self.fabric] if self.fabric != "auto" else []
        return shlex.join(words)


@click.command()
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...")
@options.seed
@options.runs
@click.option("--etcd", type=click.Choice(get_args(EtcdRuntime)), help="How etcd runs. [default: the scenario's]")
@click.option(
    "--fabric",
    type=click.Choice(("auto", "namespaces", "proxy")),
    default="auto",
    show_default=True,
    help="How nodes are joined.",
)
@options.overrides
@options.time_scale
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="No progress: only the first and the last line.")
@click.option("-v", "--verbose", is_flag=True, help="Every fault and heal as it happens; tracebacks.")
def command(scenarios: tuple[str, ...], **wanted: Any) -> int:
    """
    Carry out scenarios and judge them.

    SCENARIO is a file or the name of a packaged one. The exit code is the worst of all: 255 the harness failed, 254
    wrong input, 1 violated, 2 unknown, 0 as expected.

    \b
    Examples:
      harness run restart
      harness run scenarios/partition.yaml --seed 7
      harness run kill pause --set cluster.workers=9 --json > results.jsonl
    """
    asked, codes = Wanted(**wanted), list[int]()
    for name in scenarios:
        codes.append(exits.code_of(partial(_one, name, asked), asked.verbose))
        if codes[-1] == exits.INTERRUPTED:
            return exits.INTERRUPTED
    return exits.worst(codes)


command.name = "run"


def _one(name: str, wanted: Wanted) -> int:
    """One scenario; the first and the last line name its seed and the command that repeats its plan."""
    from harness import load_scenario, make_plan

    scenario = load_scenario(name, wanted.overrides)
    plan = make_plan(scenario, options.seed_of(scenario, wanted.seed))
    if wanted.time_scale is not None:
        plan = replace(plan, time_scale=wanted.time_scale)
    repeat = f"repeat: {wanted.repeat(name, plan.seed)}"
    exits.say(f"{summary(plan)}   {repeat}")
    code = exits.code_of(partial(_carry_out, plan, scenario, wanted), wanted.verbose)
    exits.say(f"{plan.scenario}   seed {plan.seed}   exit {code}   {repeat}")
    return code


def _carry_out(plan: Plan, scenario: "Scenario", wanted: Wanted) -> int:
    from harness import run
    from harness.cli.output import show
    from harness.report.progress import progress_for

    result = run(
        plan,
        scenario,
        runs=wanted.runs,
        etcd=wanted.etcd,
        fabric=wanted.fabric,
        progress=progress_for(plan, sys.stderr, quiet=wanted.quiet, verbose=wanted.verbose),
    )
    show(result, wanted.as_json)
    return result.exit_code
