"""What can't be done to a cluster by hand beside what is open there."""

from collections.abc import Mapping, Sequence

from harness.core.plan import Step
from harness.errors import InputError
from harness.faults import fault_of
from harness.scenario.comings import JOIN
from harness.scenario.timeline import is_free


def must_be_fit(step: Step, open_steps: Mapping[int, Step], names: Sequence[str]) -> None:
    """
    `open_steps` by their index, `names` of all nodes. Raises InputError where one of them has the process of a node of
    the step, or cuts off all others: whoever joins then would not be cut off.
    """
    for index, other in open_steps.items():
        if held := _processes(step, names) & _processes(other, names):
            raise InputError(f"{min(held)} is held by {other.fault} (#{index + 1}), which is open; heal that first")
        if step.fault == JOIN and _is_about_all(other, names, fault_of(step).targets_in(())):
            raise InputError(f"nobody can join while {other.fault} (#{index + 1}) cuts off all others; heal that first")


def _processes(step: Step, names: Sequence[str]) -> frozenset[str]:
    return frozenset() if is_free(step) else frozenset(fault_of(step).targets_in(names))


def _is_about_all(cut: Step, names: Sequence[str], more: Sequence[str]) -> bool:
    return fault_of(cut).cuts((*names, *more)) != fault_of(cut).cuts(names)
