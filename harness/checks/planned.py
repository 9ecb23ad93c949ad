"""What a plan will do to its nodes, as far as it decides which invariants apply."""

from collections.abc import Collection, Iterator
from math import inf
from typing import Any

from harness.core.plan import Plan, Step
from harness.core.properties import Properties

_FOR_GOOD = ("kill", "decommission", "join")
"""Faults that last for good where their step has no `for`."""

_REST = "rest"


def workers_stopped_by(plan: Plan, signal: str) -> bool:
    """Whether any step ends a worker's process with that signal."""
    return any(
        _signal(step) == signal and (step.fault == "rolling-restart" or _targets(step, plan.workers + plan.joiners))
        for step in plan.steps
    )


def anyone_starts_again(plan: Plan) -> bool:
    """Whether any step starts a worker or a client again."""
    nodes = plan.workers + plan.joiners + plan.clients
    return any(
        step.fault == "rolling-restart"
        or (step.fault in ("restart", "kill") and down_s(step) is not None and _targets(step, nodes))
        for step in plan.steps
    )


def anyone_gone_for(plan: Plan, seconds: float) -> bool:
    """Whether any step keeps a worker from its lease for so long: ended, paused or cut off from etcd."""
    return any(stays_s(step, plan) >= seconds and any(_cut_off_or_down(step, plan)) for step in plan.steps)


def stays_s(step: Step, plan: Plan) -> float:
    """For how long at least the step's fault stays; without an end of its own until the run heals, or for good."""
    lasts_s = down_s(step)
    if lasts_s is not None:
        return lasts_s
    if step.fault in _FOR_GOOD:
        return inf
    ends_s = [other.at_s + (down_s(other) or 0.0) for other in plan.steps if other.at_s is not None]
    run_s = max(ends_s, default=0.0) + plan.tail_s if plan.duration_s is None else plan.duration_s
    return plan.tail_s if step.at_s is None else run_s - step.at_s


def ttl_s(plan: Plan) -> float:
    """The lease TTL that workers ask for: whole seconds, 1 at least."""
    return max(1.0, Properties(plan.properties).duration_s("alluxio.worker.failure.detection.timeout") // 1)


def down_s(step: Step) -> float | None:
    """How long the step's fault stays; None until the run heals, or for good."""
    own = step.params.get("down_for") if step.fault in ("restart", "rolling-restart") else None
    return step.for_s if own is None else float(own)


def _signal(step: Step) -> str | None:
    match step.fault:
        case "restart" | "rolling-restart":
            return str(step.params.get("signal", "TERM"))
        case "kill":
            return "KILL"
        case "decommission":
            return str(step.params.get("stop", "TERM"))
    return None


def _cut_off_or_down(step: Step, plan: Plan) -> Iterator[str]:
    workers = plan.workers + plan.joiners
    if step.fault == "rolling-restart":
        yield from workers
    elif step.fault in ("kill", "restart", "pause", "isolate", "decommission"):
        yield from _targets(step, workers)
    elif step.fault == "partition":
        groups = [*step.params.get("groups", ())] or [step.params["from_"], step.params["to"]]
        resolved = [set(_resolved(group, groups, plan)) for group in groups]
        is_one_way = not step.params.get("groups")
        for group in resolved[:1] if is_one_way else resolved:
            others = set[str]().union(*(other for other in resolved if other is not group))
            if others.issuperset(plan.etcd.members):
                yield from group.intersection(workers)


def _targets(step: Step, names: Collection[str]) -> set[str]:
    found = step.params.get("targets", ())
    return {found} & {*names} if isinstance(found, str) else {*found} & {*names}


def _resolved(group: Any, groups: list[Any], plan: Plan) -> Collection[str]:
    if list(group) != [_REST]:
        return tuple(group)
    named = {name for other in groups for name in other}
    return tuple(name for name in plan.names if name not in named)
