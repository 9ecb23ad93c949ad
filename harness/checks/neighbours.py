"""The invariant of two clusters on one etcd: neither sees the other's members."""

from collections.abc import Iterator

from harness.checks.invariant import Invariant
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted
from harness.core.history import Op
from harness.core.membership import alive_prefix, registered_prefix
from harness.core.plan import Plan
from harness.core.properties import Properties


class _Cluster:
    """What is recognised as a cluster's: the identities of its workers, and the prefixes of its keys."""

    def __init__(self, name: str, ids: frozenset[str]) -> None:
        self.name, self.ids = name, ids
        self.prefixes = registered_prefix(name), alive_prefix(name)

    def seen_in(self, op: Op) -> Iterator[str]:
        """Its identities and keys in a view."""
        yield from (id for id in (*op.value["online"], *op.value["offline"]) if id in self.ids)
        yield from (key for key in op.value["rejected"] if key.startswith(self.prefixes))


class NeighboursAreNotSeen(Invariant):
    name = "neighbours-are-not-seen"
    id = "M10"
    says = "of two clusters on one etcd, no view shows a member of the other one, nor rejects a key of it"
    needs = "the cluster has no neighbour"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        own = Properties(plan.properties).text("alluxio.cluster.name")
        self._ours = _Cluster(own, frozenset(plan.identities[name] for name in plan.workers + plan.joiners))
        theirs = frozenset(plan.identities[name] for name in plan.neighbours)
        self._theirs = _Cluster(plan.neighbour.cluster if plan.neighbour else "", theirs)
        self._views = {"ours": 0, "theirs": 0}
        self._seen_by: set[str] = set()
        self._strangers: dict[tuple[str, str], tuple[Op, _Cluster]] = {}

    @staticmethod
    def applies(plan: Plan) -> bool:
        return plan.neighbour is not None

    def on_view(self, op: Op) -> None:
        self._views["ours"] += 1
        self._look(op, self._theirs)

    def on_neighbour(self, op: Op) -> None:
        if op.f == "view":
            self._views["theirs"] += 1
            self._seen_by.update(op.value["online"])
            self._look(op, self._ours)

    def _look(self, op: Op, others: _Cluster) -> None:
        for what in others.seen_in(op):
            self._strangers.setdefault((op.actor, what), (op, others))

    def verdict(self) -> Verdict:
        for (actor, what), (op, others) in self._strangers.items():
            self.violated(
                f"{actor}'s view at revision {op.value['revision']} ({self.truth.at(op.time_ns)}) has "
                f"{self.truth.who(what)}, which is of the cluster {others.name}",
                op,
            )
        ours, theirs = self._views.values()
        missing = sorted(self.truth.who(id) for id in self._theirs.ids - self._seen_by)
        return self.answer(
            f"{counted(ours, 'view')} of ours, {theirs} of the neighbour's",
            ("" if ours else "no view of ours was seen")
            or (f"no neighbour ever saw {', '.join(missing)} online" if missing else ""),
            views=ours,
            neighbours_views=theirs,
        )
