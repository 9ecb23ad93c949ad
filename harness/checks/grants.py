"""The invariant of leases: that there are no more than needed."""

from harness.checks.bounds import NEVER, SECOND
from harness.checks.invariant import Invariant
from harness.checks.keys import NO_LISTING
from harness.checks.leases import Lease
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted
from harness.core.history import Op
from harness.core.plan import Plan

_LEASES_TOLD = 5


class LeasesAreBounded(Invariant):
    """
    No rate: each lease needs a cause. A process takes one when it starts, and another only where the one before had run
    out, was given back, or had lost its key. In the end etcd has none that its worker has left long since, and none
    that nobody knows; those may come from grants whose answers were lost, so only a calm end is judged.
    """

    name = "leases-are-bounded"
    id = "M9"
    says = "a worker takes a new lease only where it has none that lives, and what it left runs out"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._holds: dict[str, tuple[Lease, int | None]] = {}
        self._left_ns: dict[int, int] = {}
        self._suspects: list[tuple[Op, Lease, int]] = []
        self._keyless: set[int] = set()
        self._neighbours: set[int] = set()
        self._stirred_ns = 0
        self._granted = self._listed = 0
        self._missing = NO_LISTING

    def on_grant(self, op: Op) -> None:
        lease = self.truth.leases.of.get(op.value["lease"]) if op.type == "ok" else None
        if lease is None:
            return
        self._granted += 1
        self._stirred_ns = op.time_ns
        before = self._release(op)
        self._holds[op.actor] = lease, self._pid(op.actor)
        if before and self._lives(before, op) and self._was_accepted(before):
            self._suspects.append((op, before, before.lives_until_ns))

    def _lives(self, lease: Lease, grant: Op) -> bool:
        return lease.revoked is None and int(grant.value["sent_ns"]) < lease.lives_until_ns

    def _was_accepted(self, lease: Lease) -> bool:
        """Whether etcd took it for a registration; it may have refused to where anything held up worker or etcd."""
        return lease.id is not None or self.truth.nodes.was_steady(lease.name, lease.granted_ns)

    def on_delete(self, op: Op) -> None:
        put = self.truth.log.undone
        if put and put.value["key"].startswith(self.truth.log.alive):
            self._keyless.add(put.value["lease"])

    def on_exit(self, op: Op) -> None:
        self._stirred_ns = op.time_ns
        if op.actor in self._holds:
            self._left_ns[self._holds[op.actor][0].lease] = op.time_ns

    def on_start(self, op: Op) -> None:
        self._stirred_ns = op.time_ns

    def on_neighbour(self, op: Op) -> None:
        if op.f in ("grant", "start", "exit"):
            self._stirred_ns = op.time_ns
        if op.f == "grant" and op.type == "ok":
            self._neighbours.add(op.value["lease"])

    def _release(self, op: Op) -> Lease | None:
        """The lease that the same process held until now."""
        before, pid = self._holds.get(op.actor, (None, None))
        if before is None:
            return None
        self._left_ns.setdefault(before.lease, op.time_ns)
        return before if pid == self._pid(op.actor) else None

    def _pid(self, name: str) -> int | None:
        process = self.truth.nodes.node(name).process
        return process.pid if process else None

    def on_leases(self, op: Op) -> None:
        if self.truth.phases.healed is None or self.truth.phases.is_stopping:
            return
        if self.truth.etcd.troubles:
            self._missing = self._missing and "etcd's leases were listed only while it may not have served"
            return
        self._missing, self._listed = "", len(op.value["leases"])
        known = self.truth.leases.of
        for lease in (known[number] for number in op.value["leases"] if number in known):
            if self._due_ns(lease, op) < op.time_ns:
                self._told_left(lease, op)
        unknown = [str(number) for number in op.value["leases"] if number not in {*known, *self._neighbours}]
        if unknown and self._is_calm(op):
            text = f"{counted(len(unknown), 'lease')} that nobody was granted: {', '.join(unknown[:_LEASES_TOLD])}"
            self.violated(f"etcd has {text} at {self.truth.at(op.time_ns)}", op)

    def _due_ns(self, lease: Lease, op: Op) -> int:
        """When a lease that its worker has left is over at the latest; NEVER for one that it may still renew."""
        if lease.lease not in self._left_ns:
            return NEVER
        echo_ns = self.truth.nodes.node(lease.name).echo_ns
        last_ns = max(lease.acked_ns, self._left_ns[lease.lease], self.truth.etcd.ready_ns, echo_ns)
        return last_ns + self._expiry_ns(lease.ttl_s, last_ns, op)

    def _expiry_ns(self, ttl_s: float, since_ns: int, op: Op) -> int:
        bounds = self.truth.bounds
        return int((bounds.expires_s(ttl_s) + bounds.reset_s + bounds.stalled_s(since_ns, op.time_ns)) * SECOND)

    def _is_calm(self, op: Op) -> bool:
        """Whether no grant that lost its answer can have taken effect so late that its lease still lives."""
        nodes = self.truth.nodes
        ttl_s = max((lease.ttl_s for lease in self.truth.leases.of.values()), default=0.0)
        since_ns = op.time_ns - self._expiry_ns(ttl_s, self._stirred_ns, op)
        workers = [nodes.node(name) for name in nodes.workers]
        settled = all(node.is_online for node in workers if node.runs)
        moments = (self._stirred_ns, self.truth.etcd.ready_ns, *(node.echo_ns for node in workers))
        return settled and max(moments) < since_ns

    def verdict(self) -> Verdict:
        for op, before, until_ns in self._suspects:
            if before.lease not in self._keyless:
                self._told(op, before, until_ns)
        return self.answer(
            f"{counted(self._granted, 'lease')} granted, {self._listed} in etcd at the end",
            self._missing or ("" if self._granted else "no lease was granted"),
            granted=self._granted,
            at_the_end=self._listed,
        )

    def _told(self, op: Op, before: Lease, until_ns: int) -> None:
        self.violated(
            f"{op.actor} was granted lease {op.value['lease']} at {self.truth.at(op.time_ns)}, though its lease "
            f"{before.lease} lived until {self.truth.at(until_ns)} at least and had lost no key",
            before.op,
            op,
        )

    def _told_left(self, lease: Lease, op: Op) -> None:
        self.violated(
            f"etcd still has lease {lease.lease} at {self.truth.at(op.time_ns)}, which {lease.name} left at "
            f"{self.truth.at(self._left_ns[lease.lease])} and which lasts {lease.ttl_s:g} s",
            lease.op,
            op,
        )
