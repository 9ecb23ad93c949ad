"""Time on the report's axis: the whole run in columns of one round width, however long it was."""

import math
from dataclasses import dataclass
from functools import cached_property

COLUMNS_MAX = 400
COARSE = 5
"""So many columns together make one for what few ops tell nothing of: shares and quantiles."""
UNITS = 10
"""Of a column: what is drawn to scale, and not counted by columns, is drawn to a tenth of one."""
_SECOND = 1_000_000_000


@dataclass
class Clock:
    """
    `first_ns` is the begin of the axis, `zero_ns` that of the run phase, from which times are told.

    The axis is in *units*, ten to a column, so numbers stay short and a page small.
    """

    first_ns: int
    span_s: float
    zero_ns: int

    @cached_property
    def step_s(self) -> float:
        return step_of(self.span_s / COLUMNS_MAX)

    @cached_property
    def columns(self) -> int:
        return max(1, math.ceil(self.span_s / self.step_s))

    @property
    def width(self) -> int:
        return self.columns * UNITS

    @property
    def begin_s(self) -> float:
        """The begin of the axis in seconds since the run phase began."""
        return (self.first_ns - self.zero_ns) / _SECOND

    def column(self, time_ns: int) -> int:
        return min(max(0, int((time_ns - self.first_ns) / _SECOND / self.step_s)), self.columns - 1)

    def x(self, time_ns: int) -> float:
        return self.x_of(self.at_s(time_ns))

    def x_of(self, at_s: float) -> float:
        """In units, never outside the axis; `at_s` counts from the begin of the run phase."""
        units = (at_s - self.begin_s) / self.step_s * UNITS
        return round(min(max(0.0, units), float(self.width)), 1)

    def at_s(self, time_ns: int) -> float:
        return (time_ns - self.zero_ns) / _SECOND

    def end_s(self) -> float:
        return self.begin_s + self.columns * self.step_s


def step_of(least: float) -> float:
    """The first of 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1... that is not below `least`."""
    power = max(-2, math.floor(math.log10(least)) if least > 0 else -2)
    while True:
        for digit in (1, 2, 5):
            step = digit * 10.0**power
            if step >= least * (1 - 1e-9):
                return round(step, 6)
        power += 1
