"""`harness run`: carry out scenarios and judge them."""

import sys
from contextlib import nullcontext
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from harness.cli import exits, named, options
from harness.cli.plan import summary
from harness.core.plan import Plan
from harness.errors import InputError
from harness.variant import Variant

if TYPE_CHECKING:
    from harness.cluster.budget import Admission
    from harness.report.progress import Progress
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
    keep: str | None = None

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
@named.scenarios
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
@click.option(
    "--keep",
    is_flag=False,
    flag_value="failures",
    type=options.OneOf(("failures", "always")),
    help="Let the cluster of a run that did not end as expected stay up, or of any; behind the scenario.",
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
    from harness.cluster.budget import Budget

    with Budget().admit(job.plan) if wanted.wait_for_room else nullcontext() as admission:
        return _kept(job, wanted, admission) if wanted.keep else _run(job, wanted, admission)


def _run(job: Job, wanted: Wanted, admission: "Admission | None") -> int:
    from harness import run

    job.result = run(job.plan, job.scenario, progress=_progress(job, wanted), **_options(wanted, admission))
    _tell(job, wanted)
    return job.result.exit_code


def _kept(job: Job, wanted: Wanted, admission: "Admission | None") -> int:
    """In a process of its own, which may stay: then what is told of that ends this command."""
    from harness.daemon.detached import Starter, detached
    from harness.daemon.keeping import Keeping
    from harness.daemon.place import Place
    from harness.report.result import Result
    from harness.run import runtime_for

    place = Place.called_after(job.plan.scenario, job.plan.seed)
    place.must_be_free()

    def become(starter: Starter) -> int:
        def tell(result: Result) -> None:
            job.result = result
            _tell(job, wanted)

        always = wanted.keep == "always"
        adjust = wanted.variant.adjusted
        keeping = Keeping(place, job.plan, job.scenario, adjust, always=always, starter=starter, tell=tell)
        engine = runtime_for(job.plan, wanted.variant.fabric).engine
        return exits.code_of(partial(keeping.run, _progress(job, wanted), engine, **_options(wanted, admission)))

    code, told = detached(become)
    job.result = Result.from_json(told) if told else None
    if code is not None or job.result is None:
        return exits.FAILED if code is None else code
    at = f"--name {place.name}"
    exits.say(f"kept up as {place.name}: harness status {at} · harness exec {at} -- etcdctl ... · harness down {at}")
    return job.result.exit_code


def _progress(job: Job, wanted: Wanted) -> "Progress":
    from harness.report.progress import progress_for

    return progress_for(job.plan, sys.stderr, quiet=wanted.quiet, verbose=wanted.verbose)


def _options(wanted: Wanted, admission: "Admission | None") -> dict[str, Any]:
    return {"runs": wanted.variant.runs, "fabric": wanted.variant.fabric, "admission": admission}


def _tell(job: Job, wanted: Wanted) -> None:
    from harness.cli.output import show

    assert job.result
    if wanted.as_json or not wanted.quiet:
        show(job.result, wanted.as_json, job.repeat)
    _report(job.result, job.repeat, wanted.quiet)


def _report(result: "Result", repeat: str, quiet: bool) -> None:
    """After the verdict was told."""
    from harness.report.writing import reported

    told = reported(result, repeat)
    if told.startswith("no report") or not quiet:
        exits.say(told)
