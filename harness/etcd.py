"""
The one door to etcd: a client with a deadline on every call, transactions that tell their revision, and a watch that
survives compaction and restarts.

Nothing of grpc or etcd3 leaks. A call that etcd did not answer raises EtcdUnreachable (nobody knows whether it took
effect), a call that etcd refused raises EtcdError. Construct it after a fork, never before: a channel owns threads.
"""

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle
from typing import Any, Literal, NamedTuple

from harness.errors import EtcdError, EtcdUnreachable, InputError

# Before the first import: etcd3's code needs protobuf's Python back end; grpc's own resolver does not go by /etc/hosts.
os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")
os.environ.setdefault("GRPC_DNS_RESOLVER", "native")
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import etcd3
    import grpc
    from etcd3 import etcdrpc as rpc

# Codes of grpc with which etcd says no; after any other nobody knows.
_REFUSALS = frozenset((3, 5, 6, 7, 8, 9, 11, 12, 16))
_LEASE_GONE = "requested lease not found"

# A channel must find etcd again soon after an outage: grpc's own back-off grows to two minutes.
_CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
)
_WATCH_RETRY_S = 0.1


class KeyValue(NamedTuple):
    """One key as etcd holds it; `revision` is that of its last change, `lease` 0 for none."""

    key: str
    value: bytes
    revision: int
    create_revision: int
    version: int
    lease: int


class Event(NamedTuple):
    """One line of etcd's log: a put, or a delete (whose `kv` tells key and revision alone)."""

    kind: Literal["put", "delete"]
    kv: KeyValue


Target = Literal["version", "create_revision", "mod_revision", "value"]
OnEvents = Callable[[list[Event]], None]
OnReset = Callable[[int, list[KeyValue]], None]


class Outcome(NamedTuple):
    """`responses` has one entry per request of the branch taken: what a `get` found, nothing for others."""

    succeeded: bool
    revision: int
    responses: tuple[tuple[KeyValue, ...], ...]


def compare(key: str, target: Target, value: int | bytes) -> Any:
    """For a transaction: holds when `target` of the key equals `value` (0 where there is no such key)."""
    number = {"version": 0, "create_revision": 1, "mod_revision": 2, "value": 3}[target]
    return rpc.Compare(result=rpc.Compare.EQUAL, target=number, key=key.encode(), **{target: value})


def put(key: str, value: bytes, lease: int = 0) -> Any:
    return rpc.RequestOp(request_put=rpc.PutRequest(key=key.encode(), value=value, lease=lease))


def delete(key: str) -> Any:
    return rpc.RequestOp(request_delete_range=rpc.DeleteRangeRequest(key=key.encode()))


def get(key: str) -> Any:
    return rpc.RequestOp(request_range=rpc.RangeRequest(key=key.encode()))


def get_all(prefix: str) -> Any:
    return rpc.RequestOp(request_range=rpc.RangeRequest(key=prefix.encode(), range_end=_end(prefix)))


class Etcd:
    """
    `endpoints` are `http://host:port` or `host:port`; the next one is taken when one does not answer.

    Thread-safe. Every call ends within `timeout_s`.
    """

    def __init__(self, endpoints: Sequence[str], timeout_s: float) -> None:
        if not endpoints:
            raise InputError("no etcd endpoint is given; alluxio.etcd.endpoints is a list of http://host:port")
        self._addresses = cycle([_address(endpoint) for endpoint in endpoints])
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
            stream = client.leasestub.LeaseKeepAlive(iter((rpc.LeaseKeepAliveRequest(ID=lease),)), self._timeout_s)
            answer = next(stream)
            stream.cancel()
        return int(answer.TTL)

    def revoke(self, lease: int) -> None:
        """Give a lease back: its keys are deleted. One that does not exist any more is no error."""
        try:
            with self._call() as client:
                client.leasestub.LeaseRevoke(rpc.LeaseRevokeRequest(ID=lease), self._timeout_s)
        except EtcdError as error:
            if _LEASE_GONE not in str(error):
                raise

    def transaction(self, compares: Sequence[Any], success: Sequence[Any], failure: Sequence[Any] = ()) -> Outcome:
        """`success` when all compares hold, else `failure`, at once; made of `compare`, `put`, `delete`, `get`."""
        message = rpc.TxnRequest(compare=compares, success=success, failure=failure)
        with self._call() as client:
            answer = client.kvstub.Txn(message, self._timeout_s)
        found = tuple(tuple(map(_key_value, row.response_range.kvs)) for row in answer.responses)
        return Outcome(answer.succeeded, answer.header.revision, found)

    def read(self, prefixes: Sequence[str]) -> tuple[int, list[list[KeyValue]]]:
        """All keys under each prefix, in key order, and the revision they have in common: one linearizable read."""
        outcome = self.transaction((), [get_all(prefix) for prefix in prefixes])
        return outcome.revision, [list(found) for found in outcome.responses]

    def linearizable_revision(self) -> int:
        """etcd's revision now, agreed upon by a quorum."""
        return self.transaction((), [get("/")]).revision

    def version(self) -> str:
        """The version of the member that answers, such as `3.5.1`."""
        with self._call() as client:
            return str(client.maintenancestub.Status(rpc.StatusRequest(), self._timeout_s).version)

    def watch(self, prefixes: Sequence[str], from_revision: int, on_events: OnEvents, on_reset: OnReset) -> "Watch":
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
            with _translated():
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
        return etcd3.Etcd3Client(host=host, port=port, grpc_options=_CHANNEL_OPTIONS)


class Watch:
    """
    A followed part of etcd's log; see `Etcd.watch`.

    One etcd watch spans all prefixes, and what lies between them is dropped here: so the events of one revision come
    together, which two watches on one stream would not promise.
    """

    def __init__(
        self, etcd: Etcd, prefixes: tuple[str, ...], from_revision: int, on_events: OnEvents, on_reset: OnReset
    ) -> None:
        self._etcd, self._prefixes, self._next = etcd, prefixes, from_revision
        self._on_events, self._on_reset = on_events, on_reset
        self._is_stopped = threading.Event()
        self._stream: Any = None
        self._thread = threading.Thread(target=self._run, name="etcd-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No callback runs after this."""
        self._is_stopped.set()
        if self._stream is not None:
            self._stream.cancel()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_stopped.is_set():
            with suppress(EtcdError):
                self._follow()
            self._is_stopped.wait(_WATCH_RETRY_S)

    def _follow(self) -> None:
        """Until the stream is cancelled or fails."""
        if self._etcd.linearizable_revision() < self._next - 1:
            self._reset()
        has_ended = threading.Event()
        self._stream = self._etcd.open_stream(self._requests(has_ended))
        try:
            while not self._is_stopped.is_set() and self._take(self._answer()):
                pass
        finally:
            self._stream.cancel()
            has_ended.set()

    def _requests(self, has_ended: threading.Event) -> Iterator[Any]:
        """What the client says on the stream: one request; returning any earlier would end it."""
        span = {"key": min(self._prefixes).encode(), "range_end": max(map(_end, self._prefixes))}
        yield rpc.WatchRequest(create_request=rpc.WatchCreateRequest(**span, start_revision=self._next))
        has_ended.wait()

    def _answer(self) -> Any:
        with _translated():
            return next(self._stream)

    def _take(self, answer: Any) -> bool:
        """Deliver what the stream brought; false when the watch has to be made anew."""
        if answer.compact_revision:
            self._reset()
        elif answer.events:
            self._next = answer.events[-1].kv.mod_revision + 1
            events = [_event(event) for event in answer.events]
            mine = [event for event in events if event.kv.key.startswith(self._prefixes)]
            if mine:
                self._on_events(mine)
        return not (answer.canceled or answer.compact_revision)

    def _reset(self) -> None:
        revision, found = self._etcd.read(self._prefixes)
        self._on_reset(revision, [kv for kvs in found for kv in kvs])
        self._next = revision + 1


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except grpc.RpcError as error:
        number, name = error.code().value
        if number in _REFUSALS:
            raise EtcdError(error.details()) from error
        raise EtcdUnreachable(f"{name}: {error.details()}") from error
    except (ValueError, StopIteration) as error:  # the channel was closed before the call, or while it ran
        raise EtcdUnreachable(str(error) or "the answer ended early") from error


def _address(endpoint: str) -> tuple[str, int]:
    host, _, port = endpoint.strip().rpartition("://")[2].rstrip("/").rpartition(":")
    if not host or not port.isdecimal():
        raise InputError(f"{endpoint!r} is no etcd endpoint; write http://host:port")
    return host, int(port)


def _end(prefix: str) -> bytes:
    """Where the range of keys with a prefix ends (its last character is ASCII)."""
    raw = prefix.encode()
    return raw[:-1] + bytes((raw[-1] + 1,))


def _key_value(kv: Any) -> KeyValue:
    key = kv.key.decode(errors="backslashreplace")
    return KeyValue(key, kv.value, kv.mod_revision, kv.create_revision, kv.version, kv.lease)


def _event(event: Any) -> Event:
    return Event("delete" if event.type else "put", _key_value(event.kv))
