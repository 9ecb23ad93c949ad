"""Broken workers whose leases are not what they should be, and clients that misread what stands in etcd."""

import time

from harness.core.membership import Replay, View, alive_key, alive_prefix, registered_prefix, text_of
from harness.dora.actions import Registered
from harness.dora.client import Client, Known
from harness.dora.members import Members
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


class ResumesBlindly(Client):
    """Follows a watch, and goes on after a compaction as if nothing had happened meanwhile."""

    replay = None

    def newest(self):
        if self.replay is None:
            self._begin()
        view = self.replay.view()
        return Known(view, self.build_ring(view.on_ring(True)))

    def _begin(self):
        cluster = self.properties.text("alluxio.cluster.name")
        prefixes = [registered_prefix(cluster), alive_prefix(cluster)]
        revision, found = self.etcd.read(prefixes)
        self.replay = Replay(cluster)
        kvs = [{"key": kv.key, "text": text_of(kv.value)} for both in found for kv in both]
        self.replay.snapshot(revision, kvs)
        self.etcd.watch(prefixes, revision + 1, self._follow, lambda revision, _: self._skip(revision))

    def _follow(self, events):
        for kind, kv in events:
            if kind == "put":
                self.replay.put(kv.key, kv.revision, text_of(kv.value))
            else:
                self.replay.delete(kv.key, kv.revision)

    def _skip(self, revision):
        """A key of nobody's: what is known goes on to be known, as of now."""
        self.replay.delete("/", revision)


class DropsTheUnreadable(Client):
    """Says nothing of what it can't read."""

    def newest(self):
        known = super().newest()
        return Known(View(known.view.revision, known.view.members), known.ring)


class _WithoutSlash(Members):
    """Reads what begins with the cluster's name, wherever the name ends."""

    def __init__(self, etcd, cluster):
        super().__init__(etcd, cluster)
        self._prefixes = tuple(prefix.partition(cluster)[0] + cluster for prefix in self._prefixes)


class SeesTheNeighbours(Client):
    """Reads by a prefix without its last slash."""

    async def start(self):
        await super().start()
        self.members = _WithoutSlash(self.etcd, self.properties.text("alluxio.cluster.name"))
