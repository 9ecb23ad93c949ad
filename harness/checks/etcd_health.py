"""Whether etcd serves, as far as the observer's reads, elections, and what is done to its members tell."""

from harness.checks.bounds import SECOND, Bounds
from harness.checks.fold import Fold
from harness.checks.quorum import Quorum
from harness.core.history import Op
from harness.core.links import touching
from harness.core.plan import Plan

_UNREACHABLE, _NO_QUORUM = "unreachable", "no quorum"
PROVEN_CUT = ("proven", "not-applicable")
"""A cut that is not applicable is one that another fault holds already: links are counted."""


class EtcdHealth(Fold):
    """To be shown an op after `Bounds` was, and before `Nodes` is, which asks what has come of it."""

    def __init__(self, plan: Plan, bounds: Bounds) -> None:
        self._bounds = bounds
        self._members = plan.etcd.members
        self.quorum = Quorum(plan.etcd.members)
        self.troubles: set[str] = set()
        """Why it may not serve, or may give leases their full TTL again; empty when all is well."""
        self.ready_ns = 0
        """When it was last back, or had another leader: it gives every lease its full TTL again then."""
        self.back: Op | None = None
        """The op by which it was back, and for how long it had been away."""
        self.away_s = 0.0
        self.touched: Op | None = None
        """The last op by which members, or links to them, were touched, or another one led."""
        self.freed: set[str] = set()
        """Whom the step of the last heal had cut off from some member."""
        self._lost_ns = 0

    def on_reach(self, op: Op) -> None:
        if self._bounds.outage_since_ns is not None:
            self.troubles.add(_UNREACHABLE)
        elif self._bounds.outage_end_ns == op.time_ns:
            self.troubles.discard(_UNREACHABLE)
            self._is_back(op, self._bounds.outage_s)

    def on_leader(self, op: Op) -> None:
        self.quorum.leader = op.value["member"]
        self._is_back(op, 0.0)
        self._is_touched(op)

    def on_fault(self, op: Op) -> None:
        step, cuts = op.value["step"], op.value.get("cuts", ())
        if op.type != "invoke":
            return
        self.quorum.cut(step, touching(self._members, cuts))
        if not cuts:
            self.quorum.stop(step, op.value["targets"])
        if self.quorum.touches(step):
            self._is_touched(op)

    def on_heal(self, op: Op) -> None:
        step = op.value["step"]
        self.freed = self.quorum.cut_by(step)
        if op.type == "ok" and self._is_over(step, op) and self.quorum.touches(step):
            self.quorum.release(step)
            self._is_touched(op)

    def _is_over(self, step: int, op: Op) -> bool:
        """A process that is meant to stay down does, though its step is over."""
        return op.value["heal"] == "proven" or (op.value["heal"] in PROVEN_CUT and not self.quorum.stops(step))

    def _is_touched(self, op: Op) -> None:
        self.touched = op
        if not self.quorum.serves:
            self._lost_ns = self._lost_ns if _NO_QUORUM in self.troubles else op.time_ns
            self.troubles.add(_NO_QUORUM)
        elif _NO_QUORUM in self.troubles:
            self.troubles.discard(_NO_QUORUM)
            self._is_back(op, (op.time_ns - self._lost_ns) / SECOND)

    def _is_back(self, op: Op, away_s: float) -> None:
        """Of several outages that end with one op the longer counts."""
        self.away_s = max(self.away_s, away_s) if self.back is op else away_s
        self.back, self.ready_ns = op, max(self.ready_ns, op.time_ns)
