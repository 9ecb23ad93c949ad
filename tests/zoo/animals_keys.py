"""Broken workers whose leases are not what they should be."""

import time

from harness.core.membership import alive_key
from harness.dora.actions import Registered
from harness.dora.worker import Worker
from harness.etcd import put


class PutsWithoutALease(Worker):
    """Its alive key is under no lease, so that it would stay for ever; it does not look for itself."""

    def register(self, call):
        registered = super().register(call)
        if isinstance(registered, Registered):
            key = alive_key(self.cluster, self.id)
            registered = Registered(self.etcd.transaction((), [put(key, call.value)]).revision)
        return registered

    def adopt(self, reading):
        self.view = reading.view


class TakesLeaseAfterLease(Worker):
    """Takes a new lease every second, and leaves the one that it has."""

    taken_ns = 0

    def adopt(self, reading):
        super().adopt(reading)
        now_ns = time.monotonic_ns()
        if self.session.state == "online" and now_ns > self.taken_ns + 1_000_000_000:
            self.taken_ns = now_ns
            self.session.on_lease_lost("a new one may be fresher", now_ns)


class LeaksLeases(Worker):
    """Asks for a lease with every keepalive, for an hour, and forgets it."""

    def keepalive(self, lease):
        self.etcd.grant(3600)
        return super().keepalive(lease)
