"""Members that are read by what has changed are those that a whole read has."""

import random

import pytest

from harness.core.entity import NetAddress, WorkerEntity, encode
from harness.core.identity import WorkerId
from harness.core.membership import alive_key, registered_key
from harness.dora.members import Members
from harness.etcd import delete, put

pytestmark = pytest.mark.cluster

WORKERS = [WorkerId.parse(f"worker-00000000-0000-0000-0000-00000000000{n}") for n in range(6)]


@pytest.fixture
def client(etcd):
    with etcd.client() as client:
        yield client


def record(worker, host="host"):
    return encode(WorkerEntity(worker, NetAddress(host, rpc_port=29999)))


def whole(reading):
    """But for the revision: other tests' clusters are in the same etcd, where a lease may run out between two reads."""
    return reading.view.members, reading.registered, reading.alive


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_put_and_deleted_they_are_those_of_a_whole_read(etcd, client, seed):
    draw, lasting = random.Random(seed), Members(client, etcd.name)
    for _ in range(40):
        steps = {}
        for _ in range(draw.randint(1, 3)):
            worker, key_of = draw.choice(WORKERS), draw.choice([registered_key, alive_key])
            key = key_of(etcd.name, worker)
            steps[key] = draw.choice([delete(key), put(key, record(worker)), put(key, record(worker, "moved"))])
        client.transaction([], list(steps.values()))
        assert whole(lasting.read()) == whole(Members(client, etcd.name).read())


def test_a_key_that_went_while_another_came_is_not_kept(etcd, client):
    one, two = (registered_key(etcd.name, worker) for worker in WORKERS[:2])
    client.transaction([], [put(one, record(WORKERS[0]))])
    members = Members(client, etcd.name)
    members.read()
    client.transaction([], [delete(one), put(two, record(WORKERS[1]))])
    assert list(members.read().registered) == [two]


def test_a_value_that_stays_under_another_lease_is_a_change(etcd, client):
    key, lease = alive_key(etcd.name, WORKERS[0]), client.grant(60)[0]
    client.transaction([], [put(key, record(WORKERS[0]))])
    members = Members(client, etcd.name)
    assert members.read().alive[key].lease == 0
    client.transaction([], [put(key, record(WORKERS[0]), lease)])
    assert members.read().alive[key].lease == lease
