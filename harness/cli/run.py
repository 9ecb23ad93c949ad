"""`harness run`: carry out scenarios and judge them."""

import sys
from contextlib import nullcontext
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from harness.cli import exits, options
from harness.cli.plan import summary
from harness.core.plan import Plan
from harness.errors import InputError
from harness.variant import Variant

if TYPE_CHECKING:
    from harness.report.result import Result
    from harness.scenario.model import Scenario


@dataclass(frozen=True)
class Wanted:
    """The options of one `harness run`."""

    variant: Variant
    as_json: bool
    quiet: bool
    verbose: bool
    seed: int | None = None
    wait_for_room: bool = False

    @classmethod
    def of(cls, given: dict[str, Any]) -> "Wanted":
        """Of options by their names."""
        variant = Variant(**{field.name: given.pop(field.name) for field in fields(Variant)})
        return cls(variant, **given)


@dataclass
class Job:
    """One run that nothing is known to keep from starting; `result` once it came to one."""

    plan: Plan
    scenario: "Scenario"
    repeat: str
    result: "Result | None" = None


@click.command()
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...")
@options.seed
@options.runs
@options.etcd
@options.fabric
@options.overrides
@options.time_scale
@options.as_json
@click.option(
    "--wait-for-room", is_flag=True, help="Begin each once the machine has room for it, beside pytest's and a soak's."
)
@click.option("-q", "--quiet", is_flag=True, help="No progress, and of each result one line.")
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
    asked = Wanted.of(wanted)
    return exits.code_of(partial(_all, scenarios, asked), asked.verbose)


command.name = "run"


def _all(names: tuple[str, ...], wanted: Wanted) -> int:
    from harness.cli.output import brief

    jobs, codes, lines = _jobs(names, wanted), list[int](), list[str]()
    width = max(len(job.plan.scenario) for job in jobs)
    for job in jobs:
        codes.append(_one(job, wanted))
        lines.append(brief(job.plan, job.result, codes[-1], width))
        if wanted.quiet and not wanted.as_json:
            with exits.last_words(codes[-1]):
                click.echo(lines[-1])
        if codes[-1] == exits.INTERRUPTED:
            break
    code = exits.INTERRUPTED if exits.INTERRUPTED in codes else exits.worst(codes)
    if len(jobs) > 1 and not wanted.quiet and not wanted.as_json:
        with exits.last_words(code):
            click.echo("\n".join(["", *lines]))
    return code


def _jobs(names: tuple[str, ...], wanted: Wanted) -> list[Job]:
    """All of them loaded and planned before the first is started. Raises InputError with all that is wrong."""
    jobs, wrong = list[Job](), list[str]()
    for name in names:
        try:
            jobs.append(_job(name, wanted))
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        raise InputError("\n".join(dict.fromkeys(wrong)))
    return jobs


def _job(name: str, wanted: Wanted) -> Job:
    from harness import load_scenario
    from harness.run import runtime_for

    variant = wanted.variant
    scenario = load_scenario(name, variant.overrides)
    plan = variant.plan(scenario, options.seed_of(scenario, wanted.seed))
    runtime_for(plan, variant.fabric)
    return Job(plan, scenario, variant.repeat(name, plan.seed))


def _one(job: Job, wanted: Wanted) -> int:
    """One scenario; the first and the last line name its seed and the command that repeats its plan."""
    exits.say(f"{summary(job.plan)}   repeat: {job.repeat}")
    code = exits.code_of(partial(_carry_out, job, wanted), wanted.verbose)
    exits.say(f"{job.plan.scenario}   seed {job.plan.seed}   exit {code}   repeat: {job.repeat}")
    return code


def _carry_out(job: Job, wanted: Wanted) -> int:
    from harness import run
    from harness.cli.output import show
    from harness.cluster.budget import Budget
    from harness.report.progress import progress_for

    with Budget().admit(job.plan) if wanted.wait_for_room else nullcontext() as admission:
        job.result = run(
            job.plan,
            job.scenario,
            runs=wanted.variant.runs,
            fabric=wanted.variant.fabric,
            progress=progress_for(job.plan, sys.stderr, quiet=wanted.quiet, verbose=wanted.verbose),
            admission=admission,
        )
    if wanted.as_json or not wanted.quiet:
        show(job.result, wanted.as_json, job.repeat)
    _report(job.result, job.repeat, wanted.quiet)
    return job.result.exit_code


def _report(result: "Result", repeat: str, quiet: bool) -> None:
    """After the verdict was told."""
    from harness.report.writing import reported

    told = reported(result, repeat)
    if told.startswith("no report") or not quiet:
        exits.say(told)
