"""`harness plan`: what a run would do."""

from collections.abc import Iterator
from shlex import join

import click

from harness.cli import named, options
from harness.core.plan import Plan
from harness.report.wording import step_text, when_text


@click.command()
@click.argument("scenario", metavar="SCENARIO", shell_complete=named.completed(named.scenario_names))
@options.seed
@options.overrides
@options.as_json
def command(scenario: str, seed: int | None, overrides: tuple[tuple[str, str], ...], as_json: bool) -> None:
    """
    Print what a run would do; starts nothing.

    SCENARIO is a file or the name of a packaged one. The same seed gives the same plan, to the byte.

    \b
    Examples:
      harness plan partition --seed 7
      harness plan scenarios/kill.yaml --seed 7 --json
    """
    from harness import load_scenario, make_plan

    loaded = load_scenario(scenario, overrides)
    plan = make_plan(loaded, options.seed_of(loaded, seed))
    click.echo(plan.to_json() if as_json else "\n".join(_lines(plan)))


command.name = "plan"


def summary(plan: Plan) -> str:
    """`partition   seed 7   5 workers, 2 clients, 1 etcd`"""
    from harness.checks.verdict import counted  # all invariants come with it

    nodes = f"{counted(len(plan.workers), 'worker')}, {counted(len(plan.clients), 'client')}"
    nodes += f", {counted(len(plan.neighbours), 'neighbour')}" if plan.neighbours else ""
    return f"{plan.scenario}   seed {plan.seed}   {nodes}, {len(plan.etcd.members)} etcd"


def _lines(plan: Plan) -> Iterator[str]:
    load = plan.workload
    yield summary(plan)
    yield f"  workload     {len(load.keys)} keys, {load.lookups_per_s:g} lookups/s, {load.reads_per_s:g} reads/s"
    for name in plan.workers + plan.joiners + plan.neighbours:
        yield f"  {name:<11}  {plan.identities[name]}"
    for name, command in plan.guests.items():
        yield f"  {name:<11}  {join(command)}"
    for step in plan.steps:
        begins, what = ("when", f"{when_text(step.when)}: ") if step.when else (f"{step.at_s:g} s", "")
        lasts = "" if step.for_s is None else f", for {step.for_s:g} s"
        yield f"  {begins:<11}  {what}{step_text(step)}{lasts}"
