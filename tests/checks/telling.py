"""Tells histories: one op in a line, times in seconds after the run phase began."""

from dataclasses import replace

from harness.checks import judge
from harness.core.content import content_of, sha256_of
from harness.core.entity import NetAddress, WorkerEntity, encode
from harness.core.history import HARNESS, NEMESIS, OBSERVER, History, Op
from harness.core.identity import WorkerId
from harness.core.membership import alive_key, registered_key
from harness.core.plan import Plan, Selection, Step, Workload
from harness.core.ring import Ring

CLUSTER, VNODES, TTL_S, REFRESH_S = "told", 20, 2, 0.5
KEYS = tuple(f"file:///ufs/key-{number:05}" for number in range(1, 21))
WORKERS = ("worker-1", "worker-2", "worker-3")
IDS = {name: f"worker-00000000-0000-0000-0000-00000000000{name[-1]}" for name in (*WORKERS, "worker-4")}
PLAN = Plan(
    scenario="told",
    seed=7,
    workers=WORKERS,
    clients=("client-1", "client-2"),
    identities=IDS,
    properties={
        "alluxio.cluster.name": CLUSTER,
        "alluxio.worker.failure.detection.timeout": f"{TTL_S}s",
        "alluxio.user.worker.list.refresh.interval": f"{REFRESH_S}s",
        "alluxio.user.worker.selection.policy.consistent.hash.virtual.node.count.per.worker": str(VNODES),
    },
    workload=Workload(KEYS, 10.0, 10.0),
)
_ZERO_NS = 1_000_000_000_000


def planned(*steps, **changes):
    return replace(PLAN, steps=steps, **changes)


def step(fault, *targets, for_s=None, **params):
    return Step(fault, {"targets": list(targets), **params}, at_s=1.0, for_s=for_s)


def judged(name, *ops, plan=PLAN):
    """The verdict of one invariant on ops, or lists of them, in any order."""
    told = History.of(flat(ops))
    judgement = judge(replace(plan, invariants=Selection(False, (name,))), told)
    return next(verdict for verdict in judgement.verdicts if verdict.name == name)


def texts(verdict):
    return [violation.text for violation in verdict.violations]


def flat(ops):
    return [one for op in ops for one in ([op] if isinstance(op, Op) else flat(op))]


def ns(seconds):
    return _ZERO_NS + round(seconds * 1e9)


def op(seconds, actor, f, value, kind="ok", *, error=None, id=0):
    return Op(ns(seconds), actor, kind, f, value, error, id)


def phase(seconds, name, kind="ok"):
    return op(seconds, HARNESS, "phase", {"phase": name}, kind)


def run_begins():
    return phase(0, "run", "invoke")


def started(seconds, name, pid, incarnation=1):
    return op(seconds, name, "start", {"pid": pid, "create_time_s": 1.5, "incarnation": incarnation})


def exited(seconds, name, pid, incarnation=1, *, asked=True, status=0):
    value = {"pid": pid, "incarnation": incarnation, "status": status, "asked": asked, "ran_s": 1.0}
    return op(seconds, name, "exit", value, error=None if asked else "last line")


def signalled(seconds, name, pid, signal, incarnation=1):
    value = {"pid": pid, "incarnation": incarnation, "signal": signal}
    return [op(seconds, name, "signal", value, "invoke"), op(seconds + 0.001, name, "signal", value)]


def granted(seconds, name, lease, ttl_s=TTL_S):
    return op(seconds, name, "grant", {"lease": lease, "ttl_s": ttl_s, "sent_ns": ns(seconds - 0.002)})


def registered(seconds, name, lease, revision, id=None):
    value = {"id": id or IDS[name], "lease": lease, "revision": revision, "sent_ns": ns(seconds - 0.002)}
    return op(seconds, name, "register", value)


def kept(seconds, name, lease, ttl_s=TTL_S, sent=None):
    value = {"lease": lease, "ttl_s": ttl_s, "sent_ns": ns(seconds - 0.002 if sent is None else sent)}
    return op(seconds, name, "keepalive", value, "ok" if ttl_s else "fail")


def revoked(seconds, name, lease, kind="ok", sent=None):
    value = {"lease": lease, "sent_ns": ns(seconds - 0.002 if sent is None else sent)}
    return op(seconds, name, "revoke", value, kind)


def entity(name, host=None):
    address = NetAddress(host=host or name, http_server_port=28080)
    return encode(WorkerEntity(WorkerId.parse(IDS[name]), address)).decode()


def alive(name):
    return alive_key(CLUSTER, WorkerId.parse(IDS[name]))


def on_record(name):
    return registered_key(CLUSTER, WorkerId.parse(IDS[name]))


def kv(key, revision, lease, text):
    return {"key": key, "revision": revision, "create_revision": revision, "version": 1, "lease": lease, "text": text}


def put(seconds, key, revision, lease=0, text="", *, over=None):
    """`over` is the put of the same key that it follows."""
    value = kv(key, revision, lease, text)
    if over:
        value |= {"create_revision": over.value["create_revision"], "version": over.value["version"] + 1}
    return op(seconds, OBSERVER, "put", value)


def joined(seconds, name, revision, lease, host=None):
    """Both keys of a worker, written in one transaction."""
    text = entity(name, host)
    return [put(seconds, on_record(name), revision, 0, text), put(seconds, alive(name), revision, lease, text)]


def deleted(seconds, key, revision):
    return op(seconds, OBSERVER, "delete", {"key": key, "revision": revision})


def snapshot(seconds, revision, *puts):
    """etcd's keys are those of the given puts."""
    return op(seconds, OBSERVER, "snapshot", {"revision": revision, "kvs": [one.value for one in flat(puts)]})


def listed(seconds, revision, *leases):
    """The leases that etcd has; a snapshot follows."""
    return op(seconds, OBSERVER, "leases", {"revision": revision, "leases": list(leases)})


def reached(from_s, to_s, revision=0, *, every=0.1, took=0.002, kind="ok"):
    count = round((to_s - from_s) / every) + 1
    times = [from_s + every * number for number in range(count)]
    return [op(t + took, OBSERVER, "reach", {"sent_ns": ns(t), "revision": revision}, kind) for t in times]


def sampled(seconds, name, revision, *, pid=1, state=None, incarnation=1, id=None, took=0.002):
    is_worker = name.startswith("worker")
    value = {
        "sent_ns": ns(seconds - took),
        "pid": pid,
        "incarnation": incarnation,
        "id": (id or IDS[name]) if is_worker else None,
        "state": state or ("online" if is_worker else "ready"),
        "revision": revision,
    }
    return op(seconds, name, "sample", value)


def samples(from_s, to_s, name, revision, every=0.1, **more):
    count = round((to_s - from_s) / every) + 1
    return [sampled(from_s + every * number, name, revision, **more) for number in range(count)]


def viewed(seconds, name, revision, online=WORKERS, *, offline=(), rejected=(), pid=1, hosts=()):
    """`hosts` maps names to other hosts than their own."""
    value = {
        "pid": pid,
        "incarnation": 1,
        "revision": revision,
        "online": {IDS[one]: f"{dict(hosts).get(one, one)}:28080" for one in online},
        "offline": {IDS[one]: f"{dict(hosts).get(one, one)}:28080" for one in offline},
        "rejected": list(rejected),
    }
    return op(seconds, name, "view", value)


def owner_of(key, members=WORKERS):
    """The right one, by name."""
    ids = sorted((WorkerId.parse(IDS[name]) for name in members), key=str)
    text = str(Ring.build(ids, VNODES).owner(key))
    return next(name for name, id in IDS.items() if id == text)


def looked_up(seconds, key, owner, revision, client="client-1", **more):
    value = {"key": key, "owner": owner and IDS[owner], "revision": revision, **more}
    return op(seconds, client, "lookup", value, id=1)


def read(seconds, key, owner, revision, *, client="client-1", content=None, **more):
    content = {"length": len(content_of(PLAN.seed, key)), "sha256": sha256_of(PLAN.seed, key)} | (content or {})
    value = {"key": key, "owner": IDS[owner], "revision": revision, "tried": [IDS[owner]], "served_by": IDS[owner]}
    value["asked"] = [f"{owner}:28080"]
    value["parts"] = [{"from": IDS[owner], "offset": 0, **content}]
    return op(seconds, client, "read", {**value, **content, **more}, id=2)


def asked_for(seconds, done, kind="invoke", error=None):
    """The beginning of an op, or its end without an answer."""
    return op(seconds, done.actor, done.f, {"key": done.value["key"]}, kind, error=error, id=done.id)


def fault(seconds, name, number, *targets, cuts=None, effect="proven", took=0.1):
    value = {"step": number, "targets": list(targets)} | ({"cuts": cuts} if cuts else {})
    done = {**value, "effect": effect, "after_s": took, "detail": ""}
    return [op(seconds, NEMESIS, name, value, "invoke", id=number), op(seconds + took, NEMESIS, name, done, id=number)]


def healed(seconds, name, number, *targets, heal="proven", took=0.1):
    value = {"step": number, "fault": name, "targets": list(targets)}
    done = {**value, "heal": heal, "after_s": took, "detail": ""}
    return [
        op(seconds, NEMESIS, "heal", value, "invoke", id=number),
        op(seconds + took, NEMESIS, "heal", done, id=number),
    ]


def cuts_around(name):
    others = [other for other in (*PLAN.names, "worker-4") if other != name]
    return [[[name], others], [others, [name]]]
