"""How long things last by a plan alone. Durations are seconds; what happens in a run may take longer."""

from harness.core.plan import Plan, Step

FOR_GOOD = ("compact", "decommission", "join", "kill")
"""Without `for` these are meant to last: the run's end does not heal them, and settling expects what they did."""


PROCEDURES = ("compact", "decommission", "join", "rolling-restart")
"""These are carried out from their beginning to their end, and then nothing of them is open any more."""


def away_s(step: Step) -> float | None:
    """How long the fault has each of its targets: `for` or `down_for`; None until the run heals, or for good."""
    own = step.params.get("down_for")
    return step.for_s if own is None else float(own)


def lasts_s(step: Step) -> float | None:
    """How long the fault stays once it is in place, a procedure not at all; None until the run heals, or for good."""
    return 0.0 if step.fault in PROCEDURES else away_s(step)


def takes_s(step: Step) -> float:
    """How long it takes at least to put the fault in place: a rolling restart waits for one worker after the other."""
    if step.fault != "rolling-restart":
        return 0.0
    workers = len(step.params["targets"])
    return workers * float(step.params["down_for"]) + max(0, workers - 1) * float(step.params["between"])


def is_for_good(step: Step) -> bool:
    return step.fault in FOR_GOOD and step.for_s is None


def run_s(plan: Plan) -> float:
    """How long the run phase lasts; steps that wait for a condition come on top, where nothing gives a duration."""
    if plan.duration_s is not None:
        return plan.duration_s
    return max((_end_s(step) for step in plan.steps), default=0.0) + plan.tail_s


def _end_s(step: Step) -> float:
    return 0.0 if step.at_s is None else step.at_s + takes_s(step) + (lasts_s(step) or 0.0)
