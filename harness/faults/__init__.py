"""The faults that a scenario can name; one more is one file here and one line in the dict."""

from harness.core.lasting import FOR_GOOD, lasts_s
from harness.core.plan import Step
from harness.faults.fault import Fault
from harness.faults.isolate import Isolate
from harness.faults.kill import Kill
from harness.faults.partition import Partition
from harness.faults.pause import Pause
from harness.faults.restart import Restart

__all__ = ["FAULTS", "FOR_GOOD", "NOT_BUILT", "fault_of", "lasts_s"]

FAULTS: dict[str, type[Fault]] = {
    "isolate": Isolate,
    "kill": Kill,
    "partition": Partition,
    "pause": Pause,
    "restart": Restart,
}

NOT_BUILT = ("decommission", "join", "rolling-restart")
"""Known words of the grammar that nothing stands behind yet."""


def fault_of(step: Step) -> Fault:
    """The fault that a step of a plan means. Raises TypeError when its parameters are not that fault's."""
    return FAULTS[step.fault](**{name: _frozen(value) for name, value in step.params.items()})


def _frozen(value: object) -> object:
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value
