"""A session with its clock, and etcd as it sees it, in memory."""

from harness.core.entity import NetAddress, WorkerEntity, encode
from harness.core.identity import WorkerId
from harness.dora.actions import (
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
from harness.dora.session import S_NS, Session
from harness.errors import EtcdError

ID = WorkerId.parse("worker-4f1c9a00-0000-4000-8000-000000000001")
ADDRESS = NetAddress("worker-1", rpc_port=29999, http_server_port=28080)
ENTITY = WorkerEntity(ID, ADDRESS)
MINE = encode(ENTITY)
TTL_S = 3


class ModelEtcd:
    """One registered key, one alive key, and leases that end as early as they may."""

    def __init__(self):
        self.revision = 1
        self.registered = None
        self.alive_lease = 0
        self.expires_ns = {}
        self._last_lease = 100

    def expire(self, now_ns):
        self.expires_ns = {lease: at for lease, at in self.expires_ns.items() if now_ns < at}
        if self.alive_lease and self.alive_lease not in self.expires_ns:
            self.revision += 1
            self.alive_lease = 0

    def is_online(self, now_ns):
        self.expire(now_ns)
        return self.registered is not None and self.alive_lease != 0

    def remove(self, now_ns):
        """The operator's command; refused while the worker is online."""
        if not self.is_online(now_ns):
            self.revision += 1
            self.registered = None

    def serve(self, call, now_ns):
        self.expire(now_ns)
        match call:
            case Grant(ttl_s):
                self._last_lease += 1
                self.expires_ns[self._last_lease] = now_ns + ttl_s * S_NS
                return Granted(self._last_lease, ttl_s)
            case Register():
                return self._register(call)
            case KeepAlive(lease):
                if lease in self.expires_ns:
                    self.expires_ns[lease] = now_ns + TTL_S * S_NS
                return KeptAlive(TTL_S if lease in self.expires_ns else 0)
            case Revoke(lease):
                self.expires_ns.pop(lease, None)
                self.expire(now_ns)
                return Revoked()

    def _register(self, call):
        if self.registered != call.held:
            return NotRegistered(self.registered)
        if call.lease not in self.expires_ns:
            return EtcdError("etcdserver: requested lease not found")
        self.revision += 1
        created = self.registered.create_revision if self.registered else self.revision
        self.registered = Held(created, call.value)
        self.alive_lease = call.lease
        return Registered(self.revision)


class Pair:
    """A session and its clock; answers come at once unless a test says otherwise."""

    def __init__(self):
        self.session = Session(ENTITY, TTL_S)
        self.now_ns = 0
        self.reports = []
        self.exits = []
        self.calls = []
        self._take(self.session.tick(0))

    @property
    def call(self):
        return self.calls[-1]

    def tell(self, answer, took_s=0.0, call=None):
        sent_ns = self.now_ns
        self.now_ns += int(took_s * S_NS)
        self._take(self.session.answered(call or self.call, answer, sent_ns, self.now_ns))

    def wait(self, seconds):
        self.now_ns += int(seconds * S_NS)
        self._take(self.session.tick(self.now_ns))

    def stop(self):
        self._take(self.session.stop(self.now_ns))

    def observe(self, revision, registered, alive_lease):
        self._take(self.session.observe(revision, registered, alive_lease, self.now_ns))

    @property
    def is_serving(self):
        return self.session.is_serving(self.now_ns)

    def _take(self, actions):
        for action in actions:
            match action:
                case Report():
                    self.reports.append(action.f)
                case Exit():
                    self.exits.append(action)
                case _:
                    self.calls.append(action)
