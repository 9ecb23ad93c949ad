"""What workers say about their leases: the last keepalive of each that etcd acknowledged."""

from dataclasses import dataclass

from harness.checks.fold import Fold
from harness.core.history import Op


@dataclass(eq=False)
class Lease:
    """`sent_ns` and `acked_ns` belong to the last grant or keepalive that etcd acknowledged, which is `op`."""

    lease: int
    name: str
    ttl_s: float
    sent_ns: int
    acked_ns: int
    op: Op
    asked_ns: int
    granted_ns: int
    id: str | None = None
    revoked: Op | None = None

    @property
    def lives_until_ns(self) -> int:
        """etcd can't let it expire before: the request was sent before etcd renewed it for a whole TTL."""
        return self.sent_ns + int(self.ttl_s * 1_000_000_000)

    def was_revoked_by(self, time_ns: int) -> bool:
        """Of a revoke that nobody answered nobody told either when it was sent."""
        return self.revoked is not None and int(self.revoked.value.get("sent_ns", 0)) < time_ns


class Leases(Fold):
    def __init__(self) -> None:
        self.of: dict[int, Lease] = {}
        self.acked_ns: dict[str, int] = {}
        """When etcd last acknowledged any lease of an identity."""
        self.held: dict[str, Lease] = {}
        """The lease that each node was granted last."""
        self.keepalives = 0

    def on_grant(self, op: Op) -> None:
        if op.type == "ok":
            number = op.value["lease"]
            asked_ns, ttl_s = op.value["sent_ns"], op.value["ttl_s"]
            lease = Lease(number, op.actor, ttl_s, asked_ns, op.time_ns, op, asked_ns, op.time_ns)
            self.of[number] = self.held[op.actor] = lease

    def on_register(self, op: Op) -> None:
        lease = self.of.get(op.value["lease"]) if op.type == "ok" else None
        if lease:
            lease.id = op.value["id"]
            self.acked_ns[op.value["id"]] = op.time_ns

    def on_keepalive(self, op: Op) -> None:
        lease = self.of.get(op.value["lease"])
        if op.type != "ok" or lease is None:
            return
        self.keepalives += 1
        if op.value["sent_ns"] >= lease.sent_ns:
            lease.sent_ns, lease.ttl_s = op.value["sent_ns"], op.value["ttl_s"]
            lease.acked_ns, lease.op = op.time_ns, op
        if lease.id:
            self.acked_ns[lease.id] = op.time_ns

    def on_revoke(self, op: Op) -> None:
        """The first counts; one that nobody knows the outcome of may have taken effect too."""
        lease = self.of.get(op.value["lease"])
        if lease and lease.revoked is None:
            lease.revoked = op
