"""The invariant of etcd's elections: who leads etcd is nothing that members of the cluster notice."""

from collections import deque
from dataclasses import dataclass

from harness.checks.bounds import EXPIRY_S, SECOND
from harness.checks.invariant import Invariant
from harness.checks.leases import Lease
from harness.checks.planned import etcd_elects
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted
from harness.core.history import Op
from harness.core.plan import Plan


@dataclass(frozen=True, eq=False)
class _Change:
    """A put or delete of one of a worker's keys while the lease that it was online by was alive, as `acked` shows."""

    op: Op
    lease: Lease
    acked: Op
    lives_until_ns: int


class LeaderChangeChangesNothing(Invariant):
    """
    Looked at is the time from a lease's length before a new leader was seen to a lease's length and its expiry after.
    A change has a reason where its worker's lease may have run out, or where anything was done to that worker.
    """

    name = "leader-change-changes-nothing"
    id = "T3"
    says = "while etcd elects another leader, no worker whose lease is alive leaves, returns or registers anew"
    needs = "no step makes several members of etcd elect another leader for certain"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._leaders: list[Op] = []
        self._puts: dict[str, Op] = {}
        self._changes: list[_Change] = []
        self._touched: dict[str, int] = {}
        self._everybody_ns = 0
        self._kept: deque[Op] = deque()
        self._keepalives = 0

    @staticmethod
    def applies(plan: Plan) -> bool:
        return etcd_elects(plan)

    def on_leader(self, op: Op) -> None:
        self._leaders.append(op)
        if len(self._leaders) > 1:
            self._keepalives += sum(self._is_of_an_election(kept) for kept in self._kept)
            self._kept.clear()

    def on_keepalive_ok(self, op: Op) -> None:
        """One that no election seen so far is near may be near the next."""
        if self._is_of_an_election(op):
            self._keepalives += 1
            return
        self._kept.append(op)
        while op.time_ns - self._kept[0].time_ns > self._kept[0].value["ttl_s"] * SECOND:
            self._kept.popleft()

    def _is_of_an_election(self, kept: Op) -> bool:
        return len(self._leaders) > 1 and _is_near(kept, self._leaders[-1], kept.value["ttl_s"])

    def on_put(self, op: Op) -> None:
        if before := self._puts.get(op.value["key"]):
            self._changed(op, before)
        self._puts[op.value["key"]] = op

    def on_delete(self, op: Op) -> None:
        if before := self._puts.pop(op.value["key"], None):
            self._changed(op, before)

    def _changed(self, op: Op, before: Op) -> None:
        """A put under the same lease is that registration once more, whose answer was lost."""
        lease = self.truth.leases.of.get(before.value["lease"])
        if op.value.get("lease") == before.value["lease"]:
            return
        if lease and op.time_ns < lease.lives_until_ns and not self._has_reason(op, lease):
            self._changes.append(_Change(op, lease, lease.op, lease.lives_until_ns))

    def _has_reason(self, op: Op, lease: Lease) -> bool:
        node = self.truth.nodes.node(lease.name)
        since_ns = op.time_ns - int(self.truth.bounds.leaves_s(lease.ttl_s) * SECOND)
        touched_ns = max(self._touched.get(lease.name, 0), self._everybody_ns)
        return bool(node.held_up) or touched_ns > since_ns or self.truth.phases.is_stopping

    # What is done to workers

    def on_start(self, op: Op) -> None:
        self._touched[op.actor] = op.time_ns

    def on_exit(self, op: Op) -> None:
        self._touched[op.actor] = op.time_ns

    def on_signal(self, op: Op) -> None:
        self._touched[op.actor] = op.time_ns

    def on_removed(self, op: Op) -> None:
        self._touched[op.actor] = op.time_ns

    def on_remove_worker(self, op: Op) -> None:
        self._everybody_ns = op.time_ns

    def on_fault(self, op: Op) -> None:
        self._touch(op)

    def on_heal(self, op: Op) -> None:
        self._touch(op)

    def _touch(self, op: Op) -> None:
        """Links that are cut hold somebody up; that ends with the heal."""
        targets = {*op.value["targets"]} - {*self.plan.etcd.members}
        names = targets | {name for name, node in self.truth.nodes.of.items() if node.held_up}
        self._touched |= dict.fromkeys(names, op.time_ns)

    def verdict(self) -> Verdict:
        elected = self._leaders[1:]
        for change in self._changes:
            leader = next((one for one in elected if _is_near(change.op, one, change.lease.ttl_s)), None)
            if leader and not change.lease.was_revoked_by(change.op.time_ns):
                self._told(change, leader)
        unkept = "" if self._keepalives else "no keepalive was acknowledged near an election"
        return self.answer(
            f"{counted(len(elected), 'election')} after the first, {counted(self._keepalives, 'keepalive')} near them",
            unkept if elected else "etcd was not seen to elect another leader",
            elections=len(elected),
            keepalives=self._keepalives,
        )

    def _told(self, change: _Change, leader: Op) -> None:
        at, op, lease = self.truth.at, change.op, change.lease
        what = "deleted" if op.f == "delete" else "written anew"
        self.violated(
            f"{lease.name}'s key was {what} at revision {op.value['revision']} ({at(op.time_ns)}), though its lease of "
            f"{lease.ttl_s:g} s was alive until {at(change.lives_until_ns)} at least and nothing was done to "
            f"{lease.name}; {leader.value['member']} was elected by {at(leader.time_ns)}",
            change.acked,
            op,
            leader,
        )


def _is_near(op: Op, leader: Op, ttl_s: float) -> bool:
    """Within the granted TTL before a new leader was seen, or that and its expiry after."""
    after_s = (op.time_ns - leader.time_ns) / SECOND
    return -ttl_s <= after_s <= ttl_s + EXPIRY_S
