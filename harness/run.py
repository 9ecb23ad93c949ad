"""
One run, from a plan to a verdict. Read this first.

start -> run -> heal -> settle -> stop (all of it in `attempt`) -> judge; the history is the only thing between running
and judging.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from harness.attempt import Attempt, Running
from harness.checks import Judgement, judge
from harness.cluster.budget import Admission
from harness.cluster.etcd_runtime import EtcdRuntime, choose_runtime
from harness.cluster.room import must_hold
from harness.core.history import History, Op, OutOfPlaceError, in_time_order
from harness.core.plan import Plan
from harness.errors import InputError
from harness.report.course import Course
from harness.report.progress import Progress, Quiet
from harness.report.result import Result
from harness.report.run_dir import RunDir
from harness.scenario.model import Scenario


def run(
    plan: Plan,
    scenario: Scenario,
    *,
    runs: Path = Path("runs"),
    fabric: str = "auto",
    progress: Progress | None = None,
    admission: Admission | None = None,
    before_stop: Callable[[RunDir, Running], None] | None = None,
) -> Result:
    """
    Carry out a plan of a scenario and judge it. Classes that take a node's part are looked for beside its file. An
    `admission` hears when the start is over; whoever got it lets go of it. `before_stop` is called when all is settled,
    and the cluster is stopped once it returns.

    Raises InputError before anything is started, ClusterError when the machine or the cluster does not obey,
    KeyboardInterrupt; whatever it raises, the history so far is kept and nothing else is left behind.
    """
    runtime = runtime_for(plan, fabric)
    run_dir = RunDir.create(runs, plan.scenario, plan.seed)
    run_dir.write_scenario(scenario.text)
    run_dir.write_plan(plan)
    with told_where(run_dir), progress or Quiet() as shown:
        shown.note(runtime.told)
        folder, last = Path(scenario.file).resolve().parent, before_stop and partial(before_stop, run_dir)
        Attempt(plan, run_dir, runtime, shown, folder, admission=admission, before_stop=last).carry_out()
        result = check(run_dir.path)
        run_dir.write_result(result)
        shown.done(result)
    return result


def runtime_for(plan: Plan, fabric: str) -> EtcdRuntime:
    """
    How the plan's etcd is run. Raises InputError for a fabric that is not built, a runtime that can't be, or more nodes
    than this machine can hold.
    """
    must_hold(len(plan.names) + len(plan.neighbours))
    if fabric == "proxy":
        raise InputError("fabric 'proxy' is not built yet; allowed: auto, namespaces")
    return choose_runtime(plan.etcd)


def check(path: Path, *, is_over: bool = True) -> Result:
    """
    Judge a stored run, or one that is not over so far. Raises InputError when `path` holds none, or an op lacks what it
    should hold.
    """
    run_dir, began_s = RunDir.open(path), time.monotonic()
    plan = run_dir.read_plan()
    with run_dir.blamed(plan.guests):
        try:
            course, judgement = _judged(plan, in_time_order(run_dir.ops()), is_over)
        except OutOfPlaceError:
            course, judgement = _judged(plan, History.of(run_dir.ops()), is_over)
        _must_belong(plan, course.run, run_dir)
        violations = (violation for verdict in judgement.verdicts for violation in verdict.violations)
        lines = run_dir.lines_of([op for violation in violations for op in violation.ops])
        return Result.of(plan, course, judgement, path, judge_s=time.monotonic() - began_s, lines=lines)


def _judged(plan: Plan, ops: Iterable[Op], is_over: bool) -> tuple[Course, Judgement]:
    course = Course()
    return course, judge(plan, ops, course, is_over=is_over)


def _must_belong(plan: Plan, run: Mapping[str, Any], run_dir: RunDir) -> None:
    """Raises InputError where the plan is that of another run; histories of before did not say whose they are."""
    planned, told = (plan.scenario, plan.seed), (run.get("scenario", plan.scenario), run.get("seed", plan.seed))
    if planned != told:
        whose = [f"{scenario} with seed {seed}" for scenario, seed in (planned, told)]
        raise InputError(f"{run_dir.path}: plan.json is of {whose[0]}, and history.jsonl of {whose[1]}")


@contextmanager
def told_where(run_dir: RunDir) -> Iterator[None]:
    """Who hears that a run did not come to its end hears also where the history so far is."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"kept so far: {run_dir.path}")
        raise
