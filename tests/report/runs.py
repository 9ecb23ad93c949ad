"""A plan and ops by hand, for what reports are made from."""

from dataclasses import replace

from harness.checks import Judgement
from harness.checks.fold import feed
from harness.checks.verdict import Verdict, Violation
from harness.core.history import HARNESS, NEMESIS, History, Op
from harness.core.plan import Plan, Workload
from harness.report.course import Course
from harness.report.result import Result

SECOND = 1_000_000_000
RUN_BEGINS_S = 2.0


def plan_of(**changes):
    workers = ("worker-1", "worker-2")
    identities = {"worker-1": "worker-101", "worker-2": "worker-102"}
    load = Workload(("file:///ufs/key-00001",), 100.0, 10.0)
    return Plan("tale", 7, workers, ("client-1",), identities, {}, load, **changes)


def op(at_s, actor, kind, f, error=None, **value):
    """`at_s` counts from the begin of the run phase."""
    return Op(int((RUN_BEGINS_S + at_s) * SECOND), actor, kind, f, value, error)


def phase(at_s, name, kind="ok"):
    return op(at_s, HARNESS, kind, "phase", phase=name)


def phases(**ends_s):
    """Phases in order, each beginning where the one before ended; the first 1 s before the run phase."""
    began_s = -1.0
    for name, end_s in ends_s.items():
        yield phase(began_s, name, "invoke")
        yield phase(end_s, name)
        began_s = end_s


def run_op():
    etcd = {"runtime": "process", "version": "3.5.1", "members": 1}
    return op(-1.5, HARNESS, "ok", "run", harness="0.1.0", etcd=etcd, fabric="namespaces", wall_s=1.0)


def pause(step, at_s, until_s):
    of = {"step": step, "targets": ["worker-1"]}
    yield op(at_s, NEMESIS, "invoke", "pause", **of)
    yield op(at_s + 0.1, NEMESIS, "ok", "pause", **of, effect="proven", after_s=0.1, detail="")
    yield op(until_s, NEMESIS, "invoke", "heal", **of, fault="pause")
    yield op(until_s + 0.2, NEMESIS, "ok", "heal", **of, fault="pause", heal="proven", after_s=0.2, detail="")


def ordinary_ops():
    return History.of(
        [
            run_op(),
            *phases(start=0.0, run=10.0, heal=10.5, settle=12.0, stop=12.25),
            *pause(0, 2.0, 5.0),
            op(3.0, "client-1", "invoke", "lookup", key="a"),
            op(3.1, "client-1", "ok", "lookup", key="a", owner="worker-101", revision=5),
            op(4.0, "client-1", "invoke", "read", key="a"),
            op(12.5, HARNESS, "ok", "left-behind", left=[]),
        ]
    )


def judged(*verdicts, outcome="valid", as_expected=True, not_judged=(), why=""):
    return Judgement(outcome, as_expected, tuple(verdicts), tuple(not_judged), why=why)


def held(name="views-agree"):
    return Verdict(name, "12 views at 3 revisions", {"views": 12})


def broken(ops, name="one-owner"):
    return Verdict(
        name, "1 lookup", {"lookups": 1}, (Violation("client-1 says worker-1, the ring says worker-2", ops),)
    )


def summed_up(plan, ops, judgement, run_dir, **more):
    """The result of a run with these ops, whatever the judgement is."""
    course = Course()
    last = feed(ops, [course])
    return Result.of(plan, course, replace(judgement, last_ns=last.time_ns if last else 0), run_dir, **more)
