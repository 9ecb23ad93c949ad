"""The invariant of leases and the alive keys that they keep: which belong together."""

from typing import Any

from harness.checks.bounds import SECOND
from harness.checks.invariant import Invariant
from harness.checks.nodes import Node
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted
from harness.core.history import Op
from harness.core.plan import Plan

NO_LISTING = "etcd's leases were not listed after the last heal"


class LeaseAndKeyBelongTogether(Invariant):
    """
    Three sides of it: each alive key of a worker was put under the lease that the worker told with its registration; a
    key that was there before etcd's leases were listed, and still is after, has its lease among them; and in the end a
    worker that calls itself online has its key, under the lease that it renews.
    """

    name = "lease-and-key-belong-together"
    id = "M2"
    says = "an alive key is put under the lease that its worker registered with, does not outlive it, nor it the key"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._ids = {plan.identities[name] for name in plan.workers + plan.joiners}
        self._puts: dict[tuple[str, int], Op] = {}
        self._changed_ns: dict[str, int] = {}
        self._registers: list[Op] = []
        self._listing: Op | None = None
        self._listings = 0
        self._is_listed_in_the_end = False

    def on_put(self, op: Op) -> None:
        key = op.value["key"]
        if key.startswith(self.truth.log.alive):
            self._puts[key, op.value["revision"]] = op
            self._changed_ns[key] = op.time_ns

    def on_delete(self, op: Op) -> None:
        self._changed_ns[op.value["key"]] = op.time_ns

    def on_register(self, op: Op) -> None:
        if op.type == "ok":
            self._registers.append(op)
            self._ids.add(op.value["id"])

    def on_leases(self, op: Op) -> None:
        self._listing = op

    def on_snapshot(self, op: Op) -> None:
        """The leases were listed just before."""
        listing, self._listing = self._listing, None
        if listing is None:
            return
        self._listings += 1
        keys = {kv["key"]: kv for kv in op.value["kvs"] if kv["key"].startswith(self.truth.log.alive)}
        leases = set(listing.value["leases"])
        for key, kv in keys.items():
            if kv["lease"] and kv["revision"] <= listing.value["revision"] and kv["lease"] not in leases:
                self.violated(
                    f"{self._named(key)} outlived its lease {kv['lease']}: at {self.truth.at(listing.time_ns)} etcd no "
                    f"longer had that, and it stood there at revision {op.value['revision']}",
                    listing,
                    op,
                )
        if self.truth.phases.healed and not self.truth.phases.is_stopping:
            self._is_listed_in_the_end = True
            for name in self.truth.nodes.workers:
                self._look_at(self.truth.nodes.node(name), keys, leases, op)

    def _look_at(self, node: Node, keys: dict[str, Any], leases: set[int], op: Op) -> None:
        """A worker looks for its key as often as it refreshes its view; so long it may not know."""
        lease, since_ns = self.truth.leases.held.get(node.name), op.time_ns - int(self.truth.bounds.fresh_s * SECOND)
        key = f"{self.truth.log.alive}{node.id}"
        if (
            lease is None
            or lease.id != node.id
            or not node.is_online
            or not self.truth.nodes.was_steady(node.name, since_ns)
        ):
            return
        if max(lease.granted_ns, self._changed_ns.get(key, 0)) > since_ns or lease.lease not in leases:
            return
        found = keys[key]["lease"] if key in keys else None
        if found != lease.lease:
            there = "is not there" if found is None else f"has lease {found}" if found else "has none"
            self.violated(
                f"{node.name} is online and renews lease {lease.lease}, but its alive key {there} at revision "
                f"{op.value['revision']}, for longer than {self.truth.bounds.fresh_s:.2f} s",
                lease.op,
                node.answered,
                op,
            )

    def verdict(self) -> Verdict:
        log, missing = self.truth.log, self.truth.log.problem()
        for (key, _), put in self._puts.items():
            if not put.value["lease"] and key.removeprefix(log.alive) in self._ids:
                self.violated(f"{self._named(key)} was put without a lease at revision {put.value['revision']}", put)
        registers = [] if missing else [op for op in self._registers if self._is_covered(op)]
        for op in registers:
            self._look_up(op)
        if not missing and not self._is_listed_in_the_end:
            missing = NO_LISTING
        return self.answer(
            f"{counted(len(registers), 'registration')}, {counted(self._listings, 'listing')} of leases",
            missing or ("" if registers else "no worker was seen to register"),
            registrations=len(registers),
            listings=self._listings,
        )

    def _is_covered(self, op: Op) -> bool:
        return self.truth.log.first_revision < int(op.value["revision"]) <= self.truth.log.last_revision

    def _look_up(self, op: Op) -> None:
        id, lease, revision = op.value["id"], op.value["lease"], op.value["revision"]
        put = self._puts.get((f"{self.truth.log.alive}{id}", revision))
        if put and put.value["lease"] in (lease, 0):
            return  # without a lease is told already
        found = f"was put under lease {put.value['lease']}" if put else "was not put"
        told = f"{op.actor} registered as {id} with lease {lease} at revision {revision}"
        self.violated(f"{told}, where its alive key {found}", op, put)

    def _named(self, key: str) -> str:
        return f"the alive key of {self.truth.who(key.removeprefix(self.truth.log.alive))}"
