"""
A worker's membership as a state machine: what has happened goes in, what to do comes out. It knows no clock, thread or
socket; everything that decides whether a worker may call itself a member is in this file.

  joining    asks for a lease, then registers: the first time only where its registered key is absent or its own,
             later only where that key is still the one it had
  online     registered, and a keepalive was acknowledged less than one granted TTL ago
  fenced     registered, but nothing was acknowledged for a TTL: others may count it as offline, so it serves nobody
             until it has registered again under a new lease, which shows too that it was not removed meanwhile
  removed    its registered key is gone or another's: it gives its lease back and ends, for good
  stopping   was told to stop: it gives its lease back and ends

One call to etcd is under way at a time, repeated with a growing pause until etcd answers. A TTL counts from the moment
the acknowledged call was *sent*: etcd can't have renewed the lease any earlier.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from harness.core.endings import REFUSED, REMOVED, STOPPED
from harness.core.entity import NetAddress, WorkerEntity, decode, encode
from harness.core.patience import LAST_RETRY_S, LEAVE_S, RENEWALS_A_TTL
from harness.dora.actions import (
    Action,
    Answer,
    Call,
    Exit,
    Grant,
    Granted,
    Held,
    KeepAlive,
    KeptAlive,
    NotRegistered,
    Register,
    Registered,
    Report,
    Revoke,
    Revoked,
)
from harness.errors import EntityError, EtcdError, EtcdUnreachable

State = Literal["joining", "online", "fenced", "removed", "stopping"]

S_NS = 1_000_000_000
_FIRST_RETRY_NS, _LAST_RETRY_NS = S_NS // 10, int(LAST_RETRY_S * S_NS)
_LEAVE_NS = int(LEAVE_S * S_NS)


@dataclass
class Session:
    """
    `ttl_s` is asked for, etcd may grant more. Times are nanoseconds of one monotonic clock. Every method that gives
    back actions wants them done now, in order.
    """

    entity: WorkerEntity
    ttl_s: int
    state: State = "joining"
    lease: int = 0
    revision: int = 0
    _held: Held | None = None
    _has_joined: bool = False
    _is_stale: bool = False
    _is_registered: bool = False
    _last_lease: int = 0
    _busy: Call | None = None
    _due_ns: int = 0
    _retry_ns: int = _FIRST_RETRY_NS
    _granted_s: int = 0
    _acked_ns: int = 0
    _exit: Exit | None = None
    _leave_by_ns: int = 0
    _has_ended: bool = False
    _out: list[Action] = field(default_factory=list)

    def is_serving(self, now_ns: int) -> bool:
        """Whether it may answer for its keys at this very moment, however long nobody called `tick`."""
        return self.state == "online" and now_ns < self._fence_ns

    @property
    def wake_ns(self) -> int | None:
        """When `tick` has something to do; None when only an answer can change anything."""
        if self._has_ended:
            return None
        waits = [] if self._busy else [self._due_ns]
        if self.state == "online":
            waits.append(self._fence_ns)
        if self._exit:
            waits.append(self._leave_by_ns)
        return min(waits, default=None)

    def tick(self, now_ns: int) -> list[Action]:
        """Time has passed; also the beginning."""
        if self.state == "online" and now_ns >= self._fence_ns:
            self._report("fence", lease=self.lease)
            self._fence(now_ns)
        if self._exit and not self._has_ended and (not self.lease or now_ns >= self._leave_by_ns):
            self._end(self._exit)
        if not self._busy and not self._has_ended and now_ns >= self._due_ns:
            self._busy = self._next_call()
            self._out.append(self._busy)
        out, self._out = self._out, []
        return out

    def answered(self, call: Call, answer: Answer, sent_ns: int, now_ns: int) -> list[Action]:
        """What etcd said to `call`, which left at `sent_ns`; the answer to a call given up on changes nothing."""
        if call is not self._busy:
            return []
        self._busy, self._due_ns = None, now_ns
        if isinstance(answer, EtcdError):
            self._failed(call, answer, now_ns)
        else:
            self._retry_ns = _FIRST_RETRY_NS
            self._succeeded(answer, sent_ns, now_ns)
        return self.tick(now_ns)

    def observe(self, revision: int, registered: Held | None, alive_lease: int, now_ns: int) -> list[Action]:
        """Its own two keys as they were at `revision`; `alive_lease` 0 where there was no alive key."""
        if self.state in ("online", "fenced") and revision >= self.revision:
            if registered != self._held:
                self.on_removed("its registered key is gone or another's", now_ns)
            elif self.state == "online" and not alive_lease:
                self.on_lease_lost("its alive key is gone", now_ns)
            elif self.state == "online" and alive_lease != self.lease:
                self.on_removed("another process has registered as this worker", now_ns)
        return self.tick(now_ns)

    def stop(self, now_ns: int) -> list[Action]:
        """Told to stop: give the lease back, but take no longer than `LEAVE_S` over it."""
        if not self._exit:
            self._leave("stopping", Exit(STOPPED), now_ns)
        return self.tick(now_ns)

    def on_removed(self, reason: str, now_ns: int) -> None:
        """Somebody took this worker out of the cluster: that is final for the process."""
        self._report("removed", id=str(self.entity.id))
        self._leave("removed", Exit(REMOVED, f"{self.entity.id} was removed: {reason}"), now_ns)

    def on_lease_lost(self, reason: str, now_ns: int) -> None:
        """Offline, which is no removal: register again under a new lease."""
        self._report("lease-lost", lease=self.lease, reason=reason)
        self.state, self.lease, self._is_registered, self._busy, self._due_ns = "joining", 0, False, None, now_ns

    @property
    def _fence_ns(self) -> int:
        return self._acked_ns + self._granted_s * S_NS

    def _next_call(self) -> Call:
        if self._exit:
            return Revoke(self.lease)
        if self._is_registered:
            return KeepAlive(self.lease)
        if not self.lease or self._is_stale:
            return Grant(self.ttl_s)
        return Register(self.lease, encode(self.entity), self._held)

    def _succeeded(self, answer: Answer, sent_ns: int, now_ns: int) -> None:
        match answer:
            case Granted(lease, ttl_s):
                self._last_lease = self.lease
                self.lease, self._granted_s, self._acked_ns, self._is_stale = lease, ttl_s, sent_ns, False
                self._report("grant", lease=lease, ttl_s=ttl_s, sent_ns=sent_ns)
            case Registered(revision):
                self._registered(revision, sent_ns, now_ns)
            case NotRegistered(found):
                self._not_registered(found, now_ns)
            case KeptAlive(ttl_s):
                self._kept_alive(ttl_s, sent_ns, now_ns)
            case Revoked():
                self._report("revoke", lease=self.lease, sent_ns=sent_ns)
                self.lease, self._last_lease = self._last_lease, 0

    def _failed(self, call: Call, error: EtcdError, now_ns: int) -> None:
        """Again after a pause; where etcd refused to register, what it can't accept is the lease: with a new one."""
        if isinstance(call, Register) and not isinstance(error, EtcdUnreachable):
            self.lease = 0
        self._due_ns = now_ns + self._retry_ns
        self._retry_ns = min(2 * self._retry_ns, _LAST_RETRY_NS)

    def _registered(self, revision: int, sent_ns: int, now_ns: int) -> None:
        self._held = Held(self._held.create_revision if self._held else revision, encode(self.entity))
        self.revision, self._has_joined, self._is_registered, self._last_lease = revision, True, True, 0
        self._report("register", id=str(self.entity.id), lease=self.lease, revision=revision, sent_ns=sent_ns)
        self.state = "fenced"
        self._serve_again(now_ns)

    def _fence(self, now_ns: int) -> None:
        """The lease it has is left to run out."""
        self.state, self._is_stale, self._is_registered = "fenced", True, False
        self._busy, self._due_ns = None, now_ns

    def _not_registered(self, found: Held | None, now_ns: int) -> None:
        """The first time others' keys may be taken over under conditions; afterwards, not one's own means removed."""
        if self._has_joined:
            self.on_removed("its registered key is gone or another's", now_ns)
        elif found and (refusal := self._refusal(found.value)):
            self._leave("stopping", Exit(REFUSED, refusal), now_ns)
        else:
            self._held = found

    def _kept_alive(self, ttl_s: int, sent_ns: int, now_ns: int) -> None:
        ack = {"lease": self.lease, "ttl_s": ttl_s, "sent_ns": sent_ns}
        if not ttl_s:
            self._out.append(Report("keepalive", ack, "fail", "the lease does not exist any more"))
            return self.on_lease_lost("a keepalive found it gone", now_ns)
        self._report("keepalive", **ack)
        self._acked_ns, self._granted_s = sent_ns, ttl_s
        return self._serve_again(now_ns)

    def _serve_again(self, now_ns: int) -> None:
        """Registered and acknowledged: online if that is not older than the TTL, and renewed in a part of it."""
        if now_ns >= self._fence_ns:
            return
        if self.state == "fenced":
            self.state = "online"
            self._report("serve", lease=self.lease)
        self._due_ns = self._acked_ns + self._granted_s * S_NS // RENEWALS_A_TTL

    def _refusal(self, value: bytes) -> str:
        """Why an existing registered value can't be overwritten, in Alluxio's words; empty when it can."""
        try:
            other = decode(value)
        except EntityError as error:
            return f"Existing WorkerServiceEntity for {self.entity.id} corrupted: {error}"
        mine = self.entity.address
        moved = replace(other.address, http_server_port=mine.http_server_port, netty_data_port=mine.netty_data_port)
        if other.id == self.entity.id and moved == mine:
            return ""
        return (
            "Some other member with same id registered on the ring, bail."
            f"Conflicting worker addr:{_shown(other.address)}, worker identity:{other.id}."
            "Different workers can't assume same worker identity in non-k8s env,"
            "clean local worker identity settings to continue."
        )

    def _leave(self, state: State, ending: Exit, now_ns: int) -> None:
        self.state, self._exit, self._leave_by_ns = state, ending, now_ns + _LEAVE_NS
        self._busy, self._due_ns, self._retry_ns = None, now_ns, _FIRST_RETRY_NS

    def _end(self, ending: Exit) -> None:
        if self.lease:
            self._out.append(Report("revoke", {"lease": self.lease}, "info", "etcd did not answer"))
        self._has_ended, self._busy = True, None
        self._out.append(ending)

    def _report(self, f: str, **value: Any) -> None:
        self._out.append(Report(f, value))


def _shown(address: NetAddress) -> str:
    """As Alluxio prints an address."""
    return (
        f"WorkerNetAddress{{host={address.host}, containerHost={address.container_host}, rpcPort={address.rpc_port}, "
        f"dataPort={address.data_port}, webPort={address.web_port}, domainSocketPath={address.domain_socket_path}, "
        f"secureRpcPort={address.secure_rpc_port}, httpServerPort={address.http_server_port}}}"
    )
