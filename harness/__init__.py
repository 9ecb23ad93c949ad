"""
Start a real etcd and real workers, break them, and judge whether membership and ring ownership stayed right.

    from harness import load_scenario, make_plan, run, check

Each of these is imported when it is first asked for: importing the package costs nothing.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.load import load_scenario
    from harness.run import check, run
    from harness.scenario.plan import make_plan

__all__ = ["check", "load_scenario", "make_plan", "run"]

_HOME = {
    "check": "harness.run",
    "load_scenario": "harness.load",
    "make_plan": "harness.scenario.plan",
    "run": "harness.run",
}


class _Package(ModuleType):
    """Importing the module `harness.run` would set `harness.run` to it; here the name stays the function's."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
