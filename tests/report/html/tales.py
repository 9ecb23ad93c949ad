"""A run by hand in which something is wrong, and the pages made of it."""

from harness.checks.verdict import Verdict, Violation
from harness.core.entity import NetAddress, WorkerEntity, encode
from harness.core.history import NEMESIS, OBSERVER, History
from harness.core.identity import WorkerId
from harness.report.html.page import page
from tests.report.runs import judged, op, pause, phases, plan_of, run_op, summed_up

CLUSTER = "DefaultAlluxioCluster"
ONE, OTHER = "worker-101", "worker-102"


def record(identity):
    return encode(WorkerEntity(WorkerId.parse(identity), NetAddress("host", http_server_port=1))).decode()


def put(at_s, identity, revision, prefix="ServiceDiscovery", text=None):
    folder = f"/{prefix}/{CLUSTER}" + ("/AUTHORIZED" if prefix == "DHT" else "")
    key, first = f"{folder}/{identity}", {"create_revision": revision, "version": 1, "lease": 1}
    text = record(identity) if text is None else text
    return op(at_s, OBSERVER, "ok", "put", key=key, revision=revision, text=text, **first)


def delete(at_s, identity, revision, prefix="ServiceDiscovery"):
    folder = f"/{prefix}/{CLUSTER}" + ("/AUTHORIZED" if prefix == "DHT" else "")
    return op(at_s, OBSERVER, "ok", "delete", key=f"{folder}/{identity}", revision=revision)


def view(at_s, who, revision, online=(), offline=()):
    states = {"online": dict.fromkeys(online, "a:1"), "offline": dict.fromkeys(offline, "a:1")}
    return op(at_s, who, "ok", "view", revision=revision, rejected=[], pid=9, incarnation=1, **states)


def start(at_s, who):
    return op(at_s, who, "ok", "start", pid=9, create_time_s=1.0, incarnation=1)


def ops_of_a_tale():
    return History.of(
        [
            run_op(),
            *phases(start=0.0, run=10.0, heal=10.5, settle=12.0, stop=12.25),
            *pause(0, 2.0, 5.0),
            start(-0.5, "worker-1"),
            put(-0.4, ONE, 2, "DHT"),
            put(-0.4, ONE, 2),
            put(-0.3, OTHER, 3, "DHT"),
            put(-0.3, OTHER, 3),
            view(-0.2, "client-1", 3, [ONE, OTHER]),
            delete(4.0, ONE, 4),
            view(4.2, "client-1", 4, [OTHER], [ONE]),
            op(3.0, "client-1", "invoke", "lookup", key="a"),
            op(3.1, "client-1", "ok", "lookup", key="a", owner=ONE, revision=3),
            op(4.0, "client-1", "invoke", "read", key="a"),
            op(6.0, "worker-2", "ok", "keepalive", lease=1, ttl_s=2, sent_ns=0),
        ]
    )


def violated(ops, text="client-1 took worker-1 for the owner of a at revision 3; on the ring it is worker-2"):
    proof = tuple(one for one in ops if one.f == "lookup" and one.type == "ok")
    verdict = Verdict("owner-is-the-rings", "1 lookup", {"violations": 1}, (Violation(text, proof),))
    return judged(
        verdict, outcome="violated", as_expected=False, not_judged=[("removal-is-final", "nobody is removed")]
    )


def result_of(ops, judgement=None, plan=None):
    return summed_up(plan or plan_of(), ops, judgement or judged(), "runs/tale-7")


def page_of(ops, judgement=None, plan=None, **more):
    plan = plan or plan_of()
    return page(plan, ops, result_of(ops, judgement, plan), **more)


def fault(step, at_s, name, kind="invoke", **value):
    return op(at_s, NEMESIS, kind, name, step=step, targets=["worker-1"], **value)
