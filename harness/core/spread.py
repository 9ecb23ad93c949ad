"""How durations are spread, in a memory that does not grow: quantiles from buckets of equal ratio."""

from collections import Counter
from math import log2

_PER_OCTAVE = 16


class Spread:
    """Durations in ns. A quantile is never too small, and 4.4 % too large at most; the largest is exact."""

    __slots__ = ("_buckets", "count", "largest_ns")

    def __init__(self) -> None:
        self.count = 0
        self.largest_ns = 0
        self._buckets: Counter[int] = Counter()

    def add(self, duration_ns: int) -> None:
        self.count += 1
        self.largest_ns = max(self.largest_ns, duration_ns)
        self._buckets[int(log2(max(duration_ns, 1)) * _PER_OCTAVE)] += 1

    def quantile_s(self, share: float) -> float:
        """What `share` of all do not exceed, in seconds: the upper edge of the bucket, or the largest; 0 for none."""
        above = self.count * (1 - share)
        for bucket in sorted(self._buckets, reverse=True):
            above -= self._buckets[bucket]
            if above < 0:
                return float(min(2.0 ** ((bucket + 1) / _PER_OCTAVE), self.largest_ns) / 1e9)
        return 0.0
