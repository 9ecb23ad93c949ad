"""How long things last by a plan alone. Durations are seconds; what happens in a run may take longer."""

from harness.core.plan import Plan, Step

FOR_GOOD = ("decommission", "join", "kill")
"""Without `for` these are meant to last: the run's end does not heal them, and settling expects what they did."""


def lasts_s(step: Step) -> float | None:
    """How long the step's fault stays: its `for` or `down_for`; None until the run heals, or for good."""
    own = step.params.get("down_for")
    return step.for_s if own is None else float(own)


def is_for_good(step: Step) -> bool:
    return step.fault in FOR_GOOD and step.for_s is None


def run_s(plan: Plan) -> float:
    """How long the run phase lasts; steps that wait for a condition come on top, where nothing gives a duration."""
    if plan.duration_s is not None:
        return plan.duration_s
    return max((_end_s(step) for step in plan.steps), default=0.0) + plan.tail_s


def _end_s(step: Step) -> float:
    return 0.0 if step.at_s is None else step.at_s + (lasts_s(step) or 0.0)
