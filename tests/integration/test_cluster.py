"""What stands in a running cluster's etcd, and what is made of it."""

import json

import pytest

from harness.cluster.wait import wait_until
from harness.errors import ClusterError

pytestmark = pytest.mark.cluster

ETCD = "http://etcd-1:2379"
VALUE = (
    '{{"Identity":{{"version":1,"identifier":"{hex}"}},"WorkerNetAddress":{{"Host":"{host}","ContainerHost":"",'
    '"RpcPort":29999,"DataPort":29997,"SecureRpcPort":0,"NettyDataPort":29997,"WebPort":30000,"DomainSocketPath":"",'
    '"HttpServerPort":28080}},"State":"AUTHORIZED","GenerationNumber":-1,"ServiceEntityName":"{id}"}}'
)


def etcdctl(held, *arguments):
    return held.inside("etcdctl", f"--endpoints={ETCD}", *arguments)


def test_etcd_holds_keys_and_values_as_alluxio_writes_them(held):
    lines = etcdctl(held, "get", "--prefix", "/").splitlines()
    expected = {}
    for host, identity in held.plan.identities.items():
        value = VALUE.format(hex=identity.removeprefix("worker-").replace("-", ""), host=host, id=identity)
        expected[f"/DHT/DefaultAlluxioCluster/AUTHORIZED/{identity}"] = value
        expected[f"/ServiceDiscovery/DefaultAlluxioCluster/{identity}"] = value
    assert dict(zip(lines[::2], lines[1::2], strict=True)) == expected


def test_only_the_alive_keys_have_a_lease_and_each_worker_its_own(held):
    rows = json.loads(etcdctl(held, "get", "--prefix", "/", "-w", "json"))["kvs"]
    leases = [row["lease"] for row in rows if row.get("lease")]
    assert len(rows) == 6
    assert len(set(leases)) == 3


def test_info_nodes_prints_every_worker_with_its_status(held):
    worker = held.cluster.node("worker-2")
    worker.signal("TERM")
    wait_until("worker-2 is gone", lambda: not worker.is_running(), 10)
    status = {"worker-1": "ONLINE", "worker-2": "OFFLINE", "worker-3": "ONLINE"}
    rows = sorted(f"{held.plan.identities[name]}\t{name}:29999\t{status[name]}" for name in status)
    said = held.inside("dora", "info", "nodes", "-D", f"alluxio.etcd.endpoints={ETCD}")
    assert said == "\n".join(["WorkerId\tAddress\tStatus", *rows, "", ""])


def test_remove_worker_refuses_an_online_one_and_takes_out_an_offline_one(held):
    def remove():
        identity = held.plan.identities["worker-2"]
        command = ("process", "remove-worker", "-n", identity)
        return held.inside("dora", *command, "-D", f"alluxio.etcd.endpoints={ETCD}")

    identity = held.plan.identities["worker-2"]
    assert f"Can't remove running worker: {identity}, stop the worker before removing" in remove()
    worker = held.cluster.node("worker-2")
    worker.signal("TERM")
    wait_until("worker-2 is gone", lambda: not worker.is_running(), 10)
    assert remove() == f"Successfully removed worker: {identity}\n"
    assert f"Unrecognized or non-existing worker: {identity}" in remove()


def test_bad_values_in_etcd_are_counted_and_spoil_nothing(held):
    bad = {"empty": "", "null": "null", "object": "{}", "cut": '{"Identity":{"vers', "text": "no JSON at all"}
    keys = [f"/DHT/DefaultAlluxioCluster/AUTHORIZED/worker-{name}" for name in bad]
    for key, value in zip(keys, bad.values(), strict=True):
        etcdctl(held, "put", "--", key, value)

    def told(actor):
        return [op.value for op in held.seen(actor, "view") if set(op.value["rejected"]) == set(keys)]

    for actor in ("client-1", "worker-1", "worker-3"):
        wait_until(f"{actor} rejects them", lambda actor=actor: told(actor), 10)
        assert set(told(actor)[-1]["online"]) == set(held.plan.identities.values())
    assert [why for why in held.died if not why.startswith("program-")] == []


def test_a_worker_that_dies_unasked_tells_why(held):
    pid = held.seen("worker-2", "start")[-1].value["pid"]
    held.inside("python", "-c", f"import os; os.kill({pid}, 6)")
    wait_until("the death is told", lambda: [why for why in held.died if why.startswith("worker-2 ")], 10)
    (why,) = (why for why in held.died if why.startswith("worker-2 "))
    assert why.startswith("worker-2 was ended by SIGABRT after ")
    assert why.endswith(f"all of it in {held.folder}/logs/worker-2.log")


def test_the_operator_removes_who_is_offline_and_tells_why_it_does_not(held):
    with pytest.raises(ClusterError, match="Can't remove running worker"):
        held.cluster.remove("worker-2")
    worker = held.cluster.node("worker-2")
    worker.signal("TERM")
    wait_until("worker-2 is gone", lambda: not worker.is_running(), 10)
    held.cluster.remove("worker-2")
    (removal,) = held.seen("operator", "remove-worker")
    key = f"/DHT/DefaultAlluxioCluster/AUTHORIZED/{held.plan.identities['worker-2']}"
    wait_until("the log has it", lambda: held.seen("observer", "delete")[-1].value["key"] == key, 10)
    assert held.seen("observer", "delete")[-1].value["revision"] == removal.value["revision"]


def test_etcds_leases_are_listed_before_each_snapshot_and_are_those_of_the_alive_keys(held):
    told = len(held.seen("observer", "snapshot"))
    held.cluster.node("observer").tell("snapshot")
    wait_until("a snapshot", lambda: len(held.seen("observer", "snapshot")) > told, 10)
    listing, snapshot = held.seen("observer", "leases")[-1], held.seen("observer", "snapshot")[-1]
    assert listing.time_ns <= snapshot.time_ns
    assert {kv["lease"] for kv in snapshot.value["kvs"]} - {0} == {*listing.value["leases"]}
