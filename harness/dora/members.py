"""The members as etcd has them, and taking one out: what workers, clients and the command line ask etcd for."""

from typing import NamedTuple

from harness.core.identity import WorkerId
from harness.core.membership import View, alive_key, alive_prefix, registered_key, registered_prefix, view_of
from harness.errors import ClusterError, InputError
from harness.etcd import Etcd, KeyValue, compare, delete

MEMBERSHIP = "alluxio.worker.membership.manager.type"
_REMOVE_ATTEMPTS = 10


Keys = dict[str, KeyValue]


class Reading(NamedTuple):
    """Everything that stands in etcd for a cluster at one revision; the keys' values by key."""

    view: View
    registered: Keys
    alive: Keys


class Members:
    """
    Reads the members of one cluster, in one transaction, and of them only what was written since the last time.

    A read of a thousand members costs a reader 30 ms, one of a few changes as much as one call.
    """

    def __init__(self, etcd: Etcd, cluster: str) -> None:
        self._etcd, self._cluster = etcd, cluster
        self._prefixes = (registered_prefix(cluster), alive_prefix(cluster))
        self._last: Reading | None = None

    def read(self) -> Reading:
        """The members now. Raises EtcdError."""
        last = self._last
        if last is None or self._etcd.linearizable_revision() != last.view.revision:
            last = self._last = (last and self._changed(last)) or self._read()
        return last

    def _read(self) -> Reading:
        revision, found = self._etcd.read(self._prefixes)
        return self._reading(revision, *({kv.key: kv for kv in kvs} for kvs in found))

    def _changed(self, last: Reading) -> Reading | None:
        """`last` with what was put since; None where there are fewer keys than that makes, for some were deleted."""
        revision, (registered, alive) = self._etcd.changes(self._prefixes, last.view.revision)
        now = [
            {**before, **{kv.key: kv for kv in changes.puts}}
            for before, changes in ((last.registered, registered), (last.alive, alive))
        ]
        if revision < last.view.revision or [len(keys) for keys in now] != [registered.total, alive.total]:
            return None
        return self._reading(revision, *now)

    def _reading(self, revision: int, registered: Keys, alive: Keys) -> Reading:
        pairs = [[(kv.key, kv.value) for kv in keys.values()] for keys in (registered, alive)]
        return Reading(view_of(self._cluster, revision, *pairs), registered, alive)


def nodes(view: View) -> str:
    """The table of `info nodes`: one line per registered worker, in etcd's order."""
    rows = ["WorkerId\tAddress\tStatus"]
    for member in view.members:
        status = "ONLINE" if member.is_online else "OFFLINE"
        rows.append(f"{member.id}\t{member.address.host}:{member.address.rpc_port}\t{status}")
    return "\n".join(rows) + "\n"


def remove(etcd: Etcd, cluster: str, worker: WorkerId) -> int:
    """
    Take an offline worker out of the cluster: that it is registered and offline still holds when its key is deleted.

    The revision of that. Raises ClusterError for a worker that is not registered, or is online.
    """
    registered, alive = registered_key(cluster, worker), alive_key(cluster, worker)
    for _ in range(_REMOVE_ATTEMPTS):
        reading = Members(etcd, cluster).read()
        if registered not in reading.registered:
            raise ClusterError(f"Unrecognized or non-existing worker: {worker}")
        if alive in reading.alive:
            raise ClusterError(f"Can't remove running worker: {worker}, stop the worker before removing")
        unchanged = [
            compare(registered, "mod_revision", reading.registered[registered].revision),
            compare(alive, "version", 0),
        ]
        outcome = etcd.transaction(unchanged, [delete(registered)])
        if outcome.succeeded:
            return outcome.revision
    raise ClusterError(f"{worker} changed each time it was about to be removed; try again")


def must_be_etcd(membership: str) -> None:
    """Raises InputError for a membership type that is not built."""
    if membership != "ETCD":
        raise InputError(f"{MEMBERSHIP} is {membership}, which is not built yet; it is ETCD")
