"""What each process took of the machine, from the samples of `metrics.jsonl`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.report.html.clock import Clock

_SECOND = 1_000_000_000


@dataclass
class Usage:
    """Of one node by column: the largest memory in bytes, and the CPU as a share of one core."""

    rss_bytes: dict[int, int] = field(default_factory=dict)
    cpu: dict[int, float] = field(default_factory=dict)
    cpu_s: float = 0.0
    _last: tuple[int, float] | None = None

    @property
    def largest_bytes(self) -> int:
        return max(self.rss_bytes.values(), default=0)

    @property
    def busiest(self) -> float:
        return max(self.cpu.values(), default=0.0)

    def add(self, clock: Clock, time_ns: int, rss_bytes: int, cpu_s: float) -> None:
        """
        A sample stands for the time since the one before. A process that begins anew counts its CPU from 0; one that is
        just ending has no memory left to tell of.
        """
        column = clock.column(time_ns)
        last_ns, last_cpu_s = self._last or (time_ns, cpu_s)
        goes_on = last_ns < time_ns and cpu_s >= last_cpu_s
        share = (cpu_s - last_cpu_s) / ((time_ns - last_ns) / _SECOND) if goes_on else 0.0
        for each in range(clock.column(last_ns) + 1 if goes_on else column, column + 1):
            self.cpu[each] = max(self.cpu.get(each, 0.0), share)
            if rss_bytes:
                self.rss_bytes[each] = max(self.rss_bytes.get(each, 0), rss_bytes)
        self.cpu_s += cpu_s - last_cpu_s if goes_on else 0.0
        self._last = time_ns, cpu_s


def usages(rows: Iterable[Mapping[str, Any]], clock: Clock) -> dict[str, Usage]:
    """By node, in the order in which they were first sampled; a row that is no sample is left out."""
    nodes: dict[str, Usage] = {}
    for row in rows:
        try:
            node, *numbers = row["node"], row["time_ns"], row["rss_bytes"], row["cpu_s"]
        except (KeyError, TypeError):
            continue
        if isinstance(node, str) and all(isinstance(number, int | float) for number in numbers):
            nodes.setdefault(node, Usage()).add(clock, *numbers)
    return nodes
