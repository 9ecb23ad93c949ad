"""Invariants of identities, and of the leases that keep them online."""

from dataclasses import dataclass, replace

from harness.checks.bounds import SECOND
from harness.checks.invariant import Invariant
from harness.checks.leases import Lease
from harness.checks.nodes import Process
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted
from harness.core.history import Op
from harness.core.plan import Plan


@dataclass(eq=False)
class Active:
    """
    A time in which a process acted as an identity: from the answer of the first sample that says so to the sending of
    the last one, for each was true at some moment between the two.
    """

    process: Process
    first: Op
    last: Op

    @property
    def from_ns(self) -> int:
        return self.first.time_ns

    @property
    def to_ns(self) -> int:
        return int(self.last.value["sent_ns"])


class OneLiveProcess(Invariant):
    name = "one-live-process"
    id = "M1"
    says = "an identity is never acted for by two live processes at once"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._active: dict[str, list[Active]] = {}
        self._open: dict[str, Active] = {}

    def on_sample_ok(self, op: Op) -> None:
        id, process = op.value.get("id"), self.truth.nodes.node(op.actor).process
        if id is None or op.value["state"] != "online" or process is None or process.pid != op.value["pid"]:
            self._lapsed(op.actor)
            return
        active = self._open.get(op.actor)
        if active is None or active.process is not process or active.first.value["id"] != id:
            active = self._open[op.actor] = Active(process, op, op)
            self._active.setdefault(id, []).append(active)
        active.last = op

    def on_signal(self, op: Op) -> None:
        if op.type == "invoke" and op.value["signal"] == "STOP":
            self._lapsed(op.actor)

    def on_fence(self, op: Op) -> None:
        self._lapsed(op.actor)

    def on_lease_lost(self, op: Op) -> None:
        self._lapsed(op.actor)

    def on_exit(self, op: Op) -> None:
        self._lapsed(op.actor)

    def _lapsed(self, name: str) -> None:
        """Nobody knows how long it still acts as its identity: another sample has to show it."""
        self._open.pop(name, None)

    def verdict(self) -> Verdict:
        for id, actives in self._active.items():
            self._compare(id, sorted(actives, key=lambda active: active.from_ns))
        processes = len({active.process for actives in self._active.values() for active in actives})
        return self.answer(
            f"{counted(processes, 'incarnation')} of {counted(len(self._active), 'identity')}",
            "" if self._active else "no worker was ever seen online",
            incarnations=processes,
            identities=len(self._active),
        )

    def _compare(self, id: str, actives: list[Active]) -> None:
        told: set[tuple[Process, Process]] = set()
        longest: Active | None = None
        for active in actives:
            if longest and longest.process is not active.process and active.from_ns <= longest.to_ns:
                pair = longest.process, active.process
                if pair not in told and longest.from_ns <= active.to_ns:
                    told.add(pair)
                    self._told(id, longest, active)
            if longest is None or active.to_ns > longest.to_ns:
                longest = active

    def _told(self, id: str, one: Active, other: Active) -> None:
        at, until_ns = self.truth.at, min(one.to_ns, other.to_ns)
        self.violated(
            f"{id} was online twice from {at(other.from_ns)} to {at(max(until_ns, other.from_ns))}: "
            f"as {one.process} from {at(one.from_ns)} on, and as {other.process}",
            one.first,
            one.last,
            other.first,
            other.last,
        )


class NoPrematureEviction(Invariant):
    name = "no-premature-eviction"
    id = "M5"
    says = "a worker whose keepalives etcd acknowledges keeps its alive key until the last one's TTL has passed"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._suspects: list[tuple[Op, Lease, Op | None]] = []
        self._removed: set[str] = set()
        self._deletions = self._unexamined = 0

    def on_delete(self, op: Op) -> None:
        put = self.truth.log.undone
        is_alive = op.value["key"].startswith(self.truth.log.alive)
        if put is None or not is_alive or self.truth.phases.is_stopping:
            return
        lease = self.truth.leases.of.get(put.value["lease"])
        self._deletions += 1
        self._unexamined += lease is None
        if lease and op.time_ns < lease.lives_until_ns:
            self._suspect(op, lease, put)

    def on_keepalive(self, op: Op) -> None:
        lease = self.truth.leases.of.get(op.value["lease"])
        if op.type == "fail" and lease and op.value["ttl_s"] == 0 and op.time_ns < lease.lives_until_ns:
            self._suspect(op, lease, None)

    def on_removed(self, op: Op) -> None:
        self._removed.add(op.value["id"])

    def _suspect(self, op: Op, lease: Lease, put: Op | None) -> None:
        """Kept with the lease as it is now; a revoke, or a removal, may be recorded only later."""
        term = self.truth.nodes.node(lease.name).term
        if term is None or term.time_ns < lease.granted_ns:
            self._suspects.append((op, replace(lease), put))

    def verdict(self) -> Verdict:
        for op, lease, put in self._suspects:
            if not self._is_explained(op, lease):
                self._told(op, lease, put)
        keepalives = self.truth.leases.keepalives
        return self.answer(
            f"{counted(keepalives, 'keepalive')} of {counted(len(self.truth.leases.of), 'lease')}, "
            f"{counted(self._deletions, 'alive key')} deleted",
            "" if keepalives else "no keepalive was acknowledged",
            keepalives=keepalives,
            leases=len(self.truth.leases.of),
            deletions=self._deletions,
            unexamined=self._unexamined,
        )

    def _is_explained(self, op: Op, lease: Lease) -> bool:
        """By a revoke sent before, or by the removal of the identity; a clean stop was no suspect."""
        if self.truth.leases.of[lease.lease].was_revoked_by(op.time_ns) or lease.id in self._removed:
            return True
        removals = self.truth.log.removals(f"{self.truth.log.registered}{lease.id}")
        return any(revision <= op.value.get("revision", revision) for revision in removals)

    def _told(self, op: Op, lease: Lease, put: Op | None) -> None:
        at, who = self.truth.at, self.truth.who(lease.id)
        early_s = (lease.lives_until_ns - op.time_ns) / SECOND
        what = (
            f"{who}'s alive key was deleted at revision {op.value['revision']} ({at(op.time_ns)})"
            if op.f == "delete"
            else f"etcd told {op.actor} at {at(op.time_ns)} that its lease is gone"
        )
        self.violated(
            f"{what}, {early_s:.2f} s before the {lease.ttl_s:g} s of the {lease.op.f} were over that it had sent at "
            f"{at(lease.sent_ns)} and etcd had acknowledged at {at(lease.acked_ns)}; no worker says that it revoked it",
            put,
            lease.op,
            op,
        )
