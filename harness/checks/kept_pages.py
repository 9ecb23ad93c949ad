"""Whether pages that a worker had on disk are there after its restart."""

from dataclasses import dataclass

from harness.checks.nodes import Process
from harness.checks.owners import REMEMBERED
from harness.checks.truth import Truth
from harness.core.content import SIZE_MAX
from harness.core.history import Op
from harness.core.plan import Plan
from harness.core.properties import Properties

_BESIDE_A_PAGE_BYTES = 64
"""What a page takes on disk beside its contents, at most."""


@dataclass(frozen=True)
class Lost:
    """`before` is the read that had them cached, `misses` how many are not there."""

    name: str
    before: Op
    restart: Op
    misses: int


class KeptPages:
    """
    A file that a worker has served is cached there. Where all files of the run fit below its limit none is ever
    evicted; so once the worker has started again, each read that was *begun* after that must find all pages.
    """

    def __init__(self, plan: Plan, truth: Truth) -> None:
        self._nodes, self._who = truth.nodes, truth.who
        self._fits = _fits(plan)
        self._begun: dict[tuple[str, int], int] = {}
        self._cached: dict[tuple[str, str], tuple[Op, Process]] = {}
        self._uncached: set[str] = set()
        self.compared = 0

    @property
    def are_kept(self) -> bool:
        """Whether every worker could keep all pages that it ever had."""
        return self._fits and not self._uncached

    def on_uncached(self, op: Op) -> None:
        """It may have kept none since it began, or lost some."""
        self._uncached.add(op.actor)

    def lost_at(self, op: Op) -> Lost | None:
        """To be asked at each `read`."""
        if op.type == "invoke":
            self._begun[op.actor, op.id] = op.time_ns
            return None
        begun_ns = self._begun.pop((op.actor, op.id), 0)
        if op.type != "ok" or not self._fits or op.value.get("misses") is None:
            return None
        name = self._who(op.value["served_by"])
        process = self._nodes.node(name).process if name in self._nodes.workers else None
        if process is None or name in self._uncached:
            return None
        place = name, op.value["key"]
        before = self._cached.get(place)
        if before or len(self._cached) < REMEMBERED:
            self._cached[place] = op, process
        if before is None or before[1] is process or begun_ns <= process.start.time_ns:
            return None
        self.compared += 1
        return Lost(name, before[0], process.start, op.value["misses"]) if op.value["misses"] else None


def _fits(plan: Plan) -> bool:
    properties = Properties(plan.properties)
    size = plan.workload.file_bytes or SIZE_MAX
    pages = -(-size // properties.size_bytes("alluxio.worker.page.store.page.size"))
    at_most = len(plan.workload.keys) * (size + pages * _BESIDE_A_PAGE_BYTES)
    return at_most <= properties.size_bytes("alluxio.worker.page.store.sizes")
