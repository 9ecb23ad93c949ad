"""
A client of etcd: a deadline on every call, transactions that tell their revision, another member when one is silent.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any

from harness.errors import EtcdError, EtcdUnreachable, InputError
from harness.etcd.door import address, connect, keep_alive, rpc, translated
from harness.etcd.watch import OnEvents, OnReset, Watch
from harness.etcd.words import ALWAYS, NEVER, Changes, KeyValue, Outcome, Standing, get_all

_COMPACTED = "has been compacted"
_LEASE_GONE = "requested lease not found"


class Etcd:
    """
    `endpoints` are `http://host:port` or `host:port`; the next one is taken when one does not answer.

    Thread-safe. Every call ends within `timeout_s`.
    """

    def __init__(self, endpoints: Sequence[str], timeout_s: float) -> None:
        if not endpoints:
            raise InputError("no etcd endpoint is given; alluxio.etcd.endpoints is a list of http://host:port")
        self._addresses, self._members = cycle([address(endpoint) for endpoint in endpoints]), len(endpoints)
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._client = self._connect()

    def close(self) -> None:
        """End the channel; calls in flight raise EtcdUnreachable."""
        self._client.close()

    def grant(self, ttl_s: int) -> tuple[int, int]:
        """A new lease: (lease, granted TTL in seconds, maybe more than asked for)."""
        with self._call() as client:
            answer = client.leasestub.LeaseGrant(rpc.LeaseGrantRequest(TTL=ttl_s), self._timeout_s)
        return answer.ID, answer.TTL

    def keepalive(self, lease: int) -> int:
        """Renew a lease: its TTL in seconds, 0 when it does not exist any more."""
        with self._call() as client:
            answer = keep_alive(client.channel)(rpc.LeaseKeepAliveRequest(ID=lease), self._timeout_s)
        return int(answer.TTL)

    def revoke(self, lease: int) -> None:
        """Give a lease back: its keys are deleted. One that does not exist any more is no error."""
        try:
            with self._call() as client:
                client.leasestub.LeaseRevoke(rpc.LeaseRevokeRequest(ID=lease), self._timeout_s)
        except EtcdError as error:
            if _LEASE_GONE not in str(error):
                raise

    def leases(self) -> tuple[int, list[int]]:
        """All leases that the member which answers has, and a revision that it knows by then."""
        with self._call() as client:
            answer = client.leasestub.LeaseLeases(rpc.LeaseLeasesRequest(), self._timeout_s)
        return int(answer.header.revision), [int(lease.ID) for lease in answer.leases]

    def compact(self, revision: int) -> None:
        """
        Forget the log before `revision`: what is read at an older one, or watched from there, is refused.

        To have forgotten it already is no error.
        """
        try:
            with self._call() as client:
                client.kvstub.Compact(rpc.CompactionRequest(revision=revision, physical=True), self._timeout_s)
        except EtcdError as error:
            if _COMPACTED not in str(error):
                raise

    def transaction(self, compares: Sequence[Any], success: Sequence[Any], failure: Sequence[Any] = ()) -> Outcome:
        """`success` when all compares hold, else `failure`, at once; made of `compare`, `put`, `delete`, `get`."""
        message = rpc.TxnRequest(compare=compares, success=success, failure=failure)
        with self._call() as client:
            answer = client.kvstub.Txn(message, self._timeout_s)
        found = tuple(tuple(map(KeyValue.of, row.response_range.kvs)) for row in answer.responses)
        totals = tuple(row.response_range.count for row in answer.responses)
        return Outcome(answer.succeeded, answer.header.revision, found, totals)

    def read(self, prefixes: Sequence[str]) -> tuple[int, list[list[KeyValue]]]:
        """All keys under each prefix, in key order, and the revision they have in common: one linearizable read."""
        outcome = self.transaction([ALWAYS], [get_all(prefix) for prefix in prefixes], [NEVER])
        return outcome.revision, [list(found) for found in outcome.responses]

    def changes(self, prefixes: Sequence[str], since: int) -> tuple[int, list[Changes]]:
        """What was put under each prefix after revision `since`, and the revision of that: one linearizable read."""
        outcome = self.transaction([ALWAYS], [get_all(prefix, since) for prefix in prefixes], [NEVER])
        return outcome.revision, list(map(Changes, outcome.responses, outcome.totals))

    def linearizable_revision(self) -> int:
        """etcd's revision now, agreed upon by a quorum."""
        with self._call() as client:
            answer = client.kvstub.Range(rpc.RangeRequest(key=b"/", count_only=True), self._timeout_s)
        return int(answer.header.revision)

    def find_answering(self) -> None:
        """
        Have the next call go to a member that answers; for those who call but once, where no next call would move on.

        Raises EtcdUnreachable when each endpoint was tried in vain.
        """
        for last in (*[False] * (self._members - 1), True):
            try:
                self.linearizable_revision()
            except EtcdUnreachable:
                if last:
                    raise
            else:
                return

    def is_compacted(self, revision: int) -> bool:
        """Whether etcd has forgotten what stood at a revision."""
        try:
            with self._call() as client:
                client.kvstub.Range(rpc.RangeRequest(key=b"/", revision=revision, count_only=True), self._timeout_s)
        except EtcdError as error:
            if _COMPACTED not in str(error):
                raise
            return True
        return False

    def standing(self) -> Standing:
        """What the member that answers thinks of itself and its leader; it asks nobody else."""
        with self._call() as client:
            answer = client.maintenancestub.Status(rpc.StatusRequest(), self._timeout_s)
        return Standing(answer.header.member_id, answer.leader, answer.raftTerm, answer.version)

    def watch(self, prefixes: Sequence[str], from_revision: int, on_events: OnEvents, on_reset: OnReset) -> Watch:
        """
        Follow etcd's log under `prefixes` from `from_revision` (1 or more) on, in a thread of its own.

        `on_events` gets every event once and in order, over restarts of etcd too. Where the log was compacted away, or
        etcd came back at an older revision, `on_reset(revision, key values)` says how things stand; events follow.
        """
        return Watch(self, tuple(prefixes), from_revision, on_events, on_reset)

    def open_stream(self, requests: Iterator[Any]) -> Any:
        """A watch's stream of protobuf messages; for Watch alone."""
        with self._call() as client:
            return rpc.WatchStub(client.channel).Watch(requests)

    @contextmanager
    def _call(self) -> Iterator[Any]:
        client = self._client
        try:
            with translated():
                yield client
        except EtcdUnreachable:
            self._move_on(client)
            raise

    def _move_on(self, failed: Any) -> None:
        """A new channel to the next endpoint, unless another thread made one: an old one waits for TCP's back-off."""
        with self._lock:
            if self._client is failed:
                self._client = self._connect()
                failed.close()

    def _connect(self) -> Any:
        host, port = next(self._addresses)
        return connect(host, port)
