"""`harness soak`: many seeds of scenarios, summed up."""

import json
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import exits, named, options
from harness.cli.run import Wanted
from harness.core.lasting import run_s
from harness.core.plan import SEED_MAX, Plan
from harness.errors import InputError
from harness.variant import Variant

if TYPE_CHECKING:
    from harness.cluster.room import Room
    from harness.report.soak import Summary, Task

_AROUND_S = 2.0
_RUNS_MAX = 100_000


@click.command(short_help="Carry out scenarios with many seeds, and sum them up.")
@named.scenarios
@click.option(
    "--runs-count",
    type=options.WholeNumber(1, _RUNS_MAX),
    default=10,
    show_default=True,
    metavar="N",
    help="Runs of each scenario, one a seed.",
)
@click.option(
    "--jobs",
    type=options.WholeNumber(1),
    metavar="J",
    help="So many at once. [default: what the machine carries, beside other soaks and pytest]",
)
@click.option(
    "--seed",
    "first",
    type=options.WholeNumber(0, SEED_MAX),
    default=1,
    show_default=True,
    metavar="FIRST",
    help="The first seed; the others follow.",
)
@click.option(
    "--keep",
    type=options.OneOf(("all", "failures")),
    default="all",
    show_default=True,
    help="Which folders stay: all, or those of runs that did not end as expected.",
)
@options.runs
@options.etcd
@options.fabric
@options.overrides
@options.time_scale
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="No progress, and of each scenario one line.")
@click.option("-v", "--verbose", is_flag=True, help="A line for each run on a terminal too; tracebacks.")
def command(scenarios: tuple[str, ...], runs_count: int, jobs: int | None, first: int, keep: str, **wanted: Any) -> int:
    """
    Carry out scenarios with many seeds, some runs at once, and sum them up.

    Each run is a `harness run` of its own, and its folder is kept. Told are how the runs ended, how near each invariant
    came to its bound, which were judged differently with other seeds, and how to repeat what failed. Ctrl-C ends the
    runs that go on and sums up the others; a second one kills. The exit code is the worst of all, as for `run`.

    \b
    Examples:
      harness soak partition --runs-count 50
      harness soak restart kill pause --runs-count 20 --jobs 4 --keep failures
      harness soak partition --seed 51 --runs-count 50 --json | jq .differing
    """
    asked = Wanted.of(wanted)
    return exits.code_of(partial(_soak, scenarios, range(first, first + runs_count), jobs, keep, asked), asked.verbose)


command.name = "soak"


def _soak(names: tuple[str, ...], seeds: range, jobs: int | None, keep: str, wanted: Wanted) -> int:
    from harness.cluster.room import Room
    from harness.report.soak import Summary
    from harness.report.soak_progress import progress_for
    from harness.soak import Soak

    began_s = time.monotonic()
    if seeds[-1] > SEED_MAX:
        raise InputError(f"the last seed would be {seeds[-1]}; the greatest there is is {SEED_MAX}")
    tasks, plans = _tasks(tuple(dict.fromkeys(names)), seeds, wanted.variant)
    room = Room.of_machine()
    at_once = min(jobs or min(room.runs(plan) for plan in plans), len(tasks))
    exits.say(_opening(tasks, seeds, at_once))
    exits.say(f"  {_admission(room, plans, at_once, jobs)}")
    progress = progress_for(tasks, at_once, sys.stderr, quiet=wanted.quiet, verbose=wanted.verbose)
    waits = jobs is None
    soak = Soak(tasks, at_once, progress, keep_all=keep == "all", verbose=wanted.verbose, waits_for_room=waits)
    ended = tuple(soak.run())
    code = exits.INTERRUPTED if soak.is_stopping else exits.worst(one.exit_code for one in ended)
    wall_s = time.monotonic() - began_s
    with exits.last_words(code):
        _show(Summary(ended, at_once, wall_s, soak.disk_bytes, len(tasks) - len(ended), code), wanted)
    return code


def _tasks(names: tuple[str, ...], seeds: range, variant: Variant) -> tuple[list["Task"], list[Plan]]:
    """
    Every run, the first seed of all scenarios before the second of any; and a plan of each scenario.

    Raises InputError with all that is wrong, before anything is started.
    """
    rows, firsts, wrong = list[list["Task"]](), list[Plan](), list[str]()
    for name in names:
        try:
            chosen, plans = _plans(name, seeds, variant)
        except InputError as error:
            wrong.append(str(error))
            continue
        title = name if [Path(other).stem for other in names].count(Path(name).stem) > 1 else plans[0].scenario
        rows.append([_task(title, name, plan, chosen) for plan in plans])
        firsts.append(plans[0])
    if wrong:
        raise InputError("\n".join(dict.fromkeys(wrong)))
    return [task for seed in zip(*rows, strict=True) for task in seed], firsts


def _plans(name: str, seeds: range, variant: Variant) -> tuple[Variant, list[Plan]]:
    """The variant with etcd's runtime chosen, the same for all runs, and each seed's plan."""
    from harness import load_scenario
    from harness.run import runtime_for

    scenario = load_scenario(name, variant.overrides)
    first = variant.plan(scenario, seeds[0])
    chosen = replace(variant, etcd=runtime_for(first, variant.fabric).name)
    return chosen, [chosen.plan(scenario, seed) for seed in seeds]


def _task(title: str, name: str, plan: Plan, variant: Variant) -> "Task":
    from harness.report.soak import Task
    from harness.soak import digest

    return Task(title, plan.seed, tuple(variant.words(name, plan.seed)), run_s(plan) + _AROUND_S, digest(plan))


def _opening(tasks: list["Task"], seeds: range, at_once: int) -> str:
    """`soak   partition kill   seeds 1 to 20   40 runs, at least 2 min 20 s`"""
    from harness.checks.verdict import counted
    from harness.report.wording import long_span_text

    names = " ".join(dict.fromkeys(task.scenario for task in tasks))
    which = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    least = long_span_text(sum(task.lasts_s for task in tasks) / at_once)
    return f"soak   {names}   {which}   {counted(len(tasks), 'run')}, at least {least}"


def _admission(room: "Room", plans: list[Plan], at_once: int, asked: int | None) -> str:
    """`4 at once: 2 cores and 21.9 GB of free memory carry 5 of up to 8 nodes`"""
    from harness.report.wording import room_text

    there = f"{room.cores:g} cores and {room_text(room.memory_bytes)} of free memory"
    carried, nodes = min(room.runs(plan) for plan in plans), max(len(plan.names) for plan in plans)
    return f"{at_once} at once{', as asked' if asked else ''}: {there} carry {carried} of up to {nodes} nodes"


def _show(summary: "Summary", wanted: Wanted) -> None:
    from harness.cli.output import tell, terminal
    from harness.report.soak_screen import brief, screen

    if wanted.as_json:
        tell(json.dumps(summary.to_json()))
    elif wanted.quiet:
        tell(brief(summary))
    else:
        tell(screen(summary, *terminal()))
