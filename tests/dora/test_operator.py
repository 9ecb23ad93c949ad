import pytest

from harness.core.entity import NetAddress, WorkerEntity, encode
from harness.core.identity import WorkerId
from harness.core.membership import alive_key, alive_prefix, registered_key, registered_prefix
from harness.etcd import put

pytestmark = pytest.mark.cluster

ONE, TWO = (WorkerId.parse(f"worker-00000000-0000-0000-0000-00000000000{n}") for n in (1, 2))


@pytest.fixture
def operator(etcd, new_node):
    """Worker 1 is online, worker 2 offline."""
    with etcd.client() as client:
        for worker in (ONE, TWO):
            client.transaction([], [put(registered_key(etcd.name, worker), encode(_entity(worker)))])
        client.transaction([], [put(alive_key(etcd.name, ONE), encode(_entity(ONE)))])
    operator = new_node("operator", "operator")
    operator.op("ready")
    return operator


def _entity(worker):
    return WorkerEntity(worker, NetAddress("host", rpc_port=29999))


def _registered(etcd, worker):
    with etcd.client() as client:
        return bool(client.read((registered_key(etcd.name, worker),))[1][0])


def test_it_removes_a_worker_that_is_offline_and_records_when(operator, etcd):
    answer = operator.ask("remove-worker", number=7, id=str(TWO))
    asked, done = operator.op("remove-worker"), operator.op("remove-worker")
    assert (asked.actor, asked.type, asked.value, asked.id) == ("operator", "invoke", {"id": str(TWO)}, 7)
    assert (done.type, done.value, done.id) == ("ok", {"id": str(TWO), "revision": answer["revision"]}, 7)
    assert not _registered(etcd, TWO)


@pytest.mark.parametrize(
    ("worker", "why"),
    [(ONE, "Can't remove running worker"), (WorkerId.parse("worker-7"), "Unrecognized or non-existing worker")],
)
def test_it_refuses_one_that_is_online_or_unknown(operator, etcd, worker, why):
    answer = operator.ask("remove-worker", number=1, id=str(worker))
    operator.op("remove-worker")
    refused = operator.op("remove-worker")
    assert (answer["ok"], refused.type, refused.id) == (False, "fail", 1)
    assert answer["error"] == refused.error
    assert refused.error.startswith(f"{why}: {worker}")
    assert _registered(etcd, ONE)


def test_a_word_that_nobody_waits_for_is_carried_out_all_the_same(operator, etcd):
    operator.tell("remove-worker", number=1, id=str(TWO))
    assert [operator.op("remove-worker").type for _ in range(2)] == ["invoke", "ok"]
    assert not _registered(etcd, TWO)


def test_an_etcd_that_does_not_answer_leaves_the_outcome_open(own_etcd, new_node):
    operator = new_node(
        "operator", "operator", cluster=type("Cluster", (), {"name": "c", "endpoint": own_etcd.endpoint})
    )
    operator.op("ready")
    own_etcd.kill()
    assert not operator.ask("remove-worker", number=1, id=str(TWO))["ok"]
    assert [operator.op("remove-worker").type for _ in range(2)] == ["invoke", "info"]


@pytest.mark.parametrize(
    ("given", "why"),
    [({"number": 1, "id": "me"}, "no worker identity"), ({"number": 1}, "lacks 'id'"), ({"id": str(TWO)}, "lacks")],
)
def test_what_it_can_not_make_out_it_says_and_goes_on(operator, given, why):
    assert why in operator.ask("remove-worker", **given)["error"]
    assert operator.ask("remove-worker", number=1, id=str(TWO))["ok"]


def test_it_writes_keys_that_are_not_there_and_erases_them(operator, etcd):
    texts = {f"{registered_prefix(etcd.name)}x": "", f"{alive_prefix(etcd.name)}x": r"\xff"}
    assert operator.ask("write", number=1, texts=texts)["ok"]
    with etcd.client() as client:
        revision, found = client.read((registered_prefix(etcd.name), alive_prefix(etcd.name)))
        assert {kv.key: kv.value for kvs in found for kv in kvs if kv.key in texts} == dict(
            zip(texts, (b"", b"\xff"), strict=True)
        )
        assert [operator.op("write").value for _ in range(2)][1] == {"keys": list(texts), "revision": revision}
        assert "is there already" in operator.ask("write", number=2, texts=texts)["error"]
        assert operator.ask("erase", number=3, keys=list(texts))["ok"]
        assert not {kv.key for kvs in client.read((registered_prefix(etcd.name),))[1] for kv in kvs} & texts.keys()
    assert operator.ask("erase", number=4, keys=list(texts))["ok"]


def test_it_compacts_etcds_log_and_tells_whether_that_took(own_etcd, new_node):
    operator = new_node(
        "operator", "operator", cluster=type("Cluster", (), {"name": "c", "endpoint": own_etcd.endpoint})
    )
    operator.op("ready")
    for number, text in enumerate("abc", 1):
        assert operator.ask("write", number=number, texts={f"/{text}": text})["ok"]
    answers = [operator.ask("compact", number=5 + number, keep=keep) for number, keep in enumerate((1, 0, 0, 9))]
    assert [answer["revision"] for answer in answers] == [3, 4, 4, 2]
    assert all(answer["refused"] for answer in answers)


def test_it_ends_when_told_to_stop(operator):
    operator.signal("TERM")
    assert operator.exit_status() == 0
