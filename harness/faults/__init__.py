"""The faults that a scenario can name; one more is one file here and one line in the dict."""

from harness.core.plan import Step
from harness.faults.compact import Compact
from harness.faults.corrupt import Corrupt
from harness.faults.decommission import Decommission
from harness.faults.fault import Fault
from harness.faults.isolate import Isolate
from harness.faults.join import Join
from harness.faults.kill import Kill
from harness.faults.partition import Partition
from harness.faults.pause import Pause
from harness.faults.restart import Restart
from harness.faults.rolling_restart import RollingRestart

__all__ = ["FAULTS", "fault_of"]

FAULTS: dict[str, type[Fault]] = {
    "compact": Compact,
    "corrupt": Corrupt,
    "decommission": Decommission,
    "isolate": Isolate,
    "join": Join,
    "kill": Kill,
    "partition": Partition,
    "pause": Pause,
    "restart": Restart,
    "rolling-restart": RollingRestart,
}


def fault_of(step: Step) -> Fault:
    """The fault that a step of a plan means. Raises TypeError when its parameters are not that fault's."""
    return FAULTS[step.fault](**{name: _frozen(value) for name, value in step.params.items()})


def _frozen(value: object) -> object:
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value
