"""How a quantity is spread, in a memory that does not grow: quantiles from buckets of equal ratio."""

import math
from collections import Counter

_PER_OCTAVE = 16


class Spread:
    """Durations in ns: a quantile is off by 2.2 % at most, for a bucket is 4.4 % wide; the largest is exact."""

    __slots__ = ("_buckets", "count", "largest_ns")

    def __init__(self) -> None:
        self.count = 0
        self.largest_ns = 0
        self._buckets: Counter[int] = Counter()

    def add(self, duration_ns: int) -> None:
        self.count += 1
        self.largest_ns = max(self.largest_ns, duration_ns)
        self._buckets[round(math.log2(max(1, duration_ns)) * _PER_OCTAVE)] += 1

    def quantile_s(self, share: float) -> float:
        """The duration that `share` of all do not exceed, in seconds; 0 for none."""
        left = math.ceil(share * self.count)
        for bucket, count in sorted(self._buckets.items()):
            left -= count
            if left <= 0:
                return float(min(2.0 ** (bucket / _PER_OCTAVE), self.largest_ns) / 1e9)
        return 0.0
