import asyncio
import hashlib
import logging

import pytest

from harness.core.identity import WorkerId
from harness.core.membership import View
from harness.core.ring import Ring
from harness.dora.client import Client
from harness.dora.settings import Settings
from harness.errors import ClusterError, InputError, NotReadyError
from tests.conftest import Cluster, eventually

pytestmark = pytest.mark.cluster

FALLBACK = "alluxio.dora.client.ufs.fallback.enabled"
SLOW = {"alluxio.user.worker.list.refresh.interval": "1h"}


@pytest.fixture
def workers(new_worker):
    workers = [new_worker(number) for number in (1, 2, 3)]
    for worker in workers:
        worker.until("online")
    return {worker.ask("state")["id"]: worker for worker in workers}


@pytest.fixture
def new_client(new_node):
    return lambda **conf: new_node("client", "client-1", **conf)


def key_of(ufs, number):
    return f"file://{ufs}/key-{number}"


def a_client_ready(new_client, **conf):
    client = new_client(**conf)
    client.until("ready")
    return client


def test_the_owner_is_that_of_the_ring_of_its_view(ufs, workers, new_client):
    client = a_client_ready(new_client)
    ids = [WorkerId.parse(text) for text in client.until_view(online=3)["online"]]
    ring = Ring.build(ids, 2000)
    for number in range(20):
        told = client.ask("lookup", key=key_of(ufs, number))
        assert told["owner"] == str(ring.owner(key_of(ufs, number)))
        assert told["revision"] == client.ask("view")["revision"]


def test_a_read_comes_from_the_owner(ufs, workers, new_client):
    client = a_client_ready(new_client)
    client.until_view(online=3)
    told = client.ask("read", key=key_of(ufs, 7))
    assert told["tried"] == [told["owner"]]
    assert told["served_by"] == told["owner"]
    assert (told["length"], told["sha256"]) == (10, hashlib.sha256(b"contents 7").hexdigest())


def test_when_the_owner_is_gone_the_next_candidate_serves(ufs, workers, new_client):
    client = a_client_ready(new_client, **SLOW)
    owner = client.ask("lookup", key=key_of(ufs, 7))["owner"]
    workers[owner].signal("KILL")
    workers[owner].exit_status()
    told = client.ask("read", key=key_of(ufs, 7))
    assert told["owner"] == owner
    assert told["tried"] == [owner, told["served_by"]]
    assert told["served_by"] in workers.keys() - {owner}


def test_a_frozen_owner_is_given_up_and_the_next_candidate_serves(ufs, workers, new_client):
    client = a_client_ready(new_client, **SLOW)
    owner = client.ask("lookup", key=key_of(ufs, 7))["owner"]
    workers[owner].signal("STOP")
    told = client.ask("read", key=key_of(ufs, 7))
    assert told["tried"] == [owner, told["served_by"]]


def test_when_nobody_serves_the_ufs_does(ufs, workers, new_client):
    client = a_client_ready(new_client, **SLOW)
    for worker in workers.values():
        worker.signal("KILL")
        worker.exit_status()
    told = client.ask("read", key=key_of(ufs, 7))
    assert (told["served_by"], len(told["tried"])) == ("ufs", 3)


def test_without_fallback_nobody_serving_is_an_error(ufs, workers, new_client):
    client = a_client_ready(new_client, **SLOW, **{FALLBACK: "false"})
    for worker in workers.values():
        worker.signal("KILL")
        worker.exit_status()
    told = client.ask("read", key=key_of(ufs, 7))
    assert (told["ok"], "no candidate answered" in told["error"]) == (False, True)


def test_without_any_worker_a_lookup_fails_and_a_read_is_the_ufs(ufs, new_client):
    client = a_client_ready(new_client)
    assert "no worker is on the ring" in client.ask("lookup", key=key_of(ufs, 1))["error"]
    told = client.ask("read", key=key_of(ufs, 1))
    assert (told["owner"], told["tried"], told["served_by"]) == (None, [], "ufs")


def test_a_file_that_is_not_there_is_no_reason_to_ask_others(ufs, workers, new_client):
    client = a_client_ready(new_client)
    client.until_view(online=3)
    assert "no such file" in client.ask("read", key=key_of(ufs, 99))["error"]
    assert "not below" in client.ask("read", key="file:///etc/passwd")["error"]


def test_a_static_ring_keeps_a_worker_that_is_offline(ufs, workers, new_client):
    client = a_client_ready(new_client, **{"alluxio.user.dynamic.consistent.hash.ring.enabled": "false"})
    owner = client.ask("lookup", key=key_of(ufs, 7))["owner"]
    workers[owner].signal("TERM")
    client.until_view(online=2)
    assert client.ask("lookup", key=key_of(ufs, 7))["owner"] == owner


def test_a_dynamic_ring_drops_a_worker_that_is_offline(ufs, workers, new_client):
    client = a_client_ready(new_client)
    owner = client.ask("lookup", key=key_of(ufs, 7))["owner"]
    workers[owner].signal("TERM")
    client.until_view(online=2)
    assert client.ask("lookup", key=key_of(ufs, 7))["owner"] != owner


def test_no_view_yet_is_an_error_and_no_empty_ring(own_etcd, ufs, new_client):
    own_etcd.kill()
    client = new_client(**{"alluxio.etcd.endpoints": own_etcd.endpoint})
    told = eventually(lambda: client.ask("sample"), "an answer")
    assert (told["state"], told["id"], told["view"], told["revision"]) == ("no-view", None, None, 0)
    for do in ("lookup", "read", "view"):
        assert "no view yet" in client.ask(do, key=key_of(ufs, 1))["error"]
    own_etcd.start()
    client.until("ready")


def test_its_last_view_is_kept_while_etcd_is_down(own_etcd, ufs, new_node):
    cluster = Cluster("own", own_etcd)
    worker = new_node("worker", "worker-1", cluster=cluster)
    worker.until("online")
    client = new_node("client", "client-1", cluster=cluster)
    client.until_view(online=1)
    own_etcd.kill()
    worker.until("fenced")
    assert client.ask("lookup", key=key_of(ufs, 1))["ok"]
    assert client.ask("read", key=key_of(ufs, 1))["served_by"] == "ufs"


def test_a_stopped_client_ends_with_0(new_client):
    client = a_client_ready(new_client)
    client.signal("TERM")
    assert client.exit_status() == 0


class Library:
    """A client inside the test's own process."""

    def __init__(self, etcd, ufs):
        given = {
            "alluxio.cluster.name": etcd.name,
            "alluxio.etcd.endpoints": etcd.endpoint,
            "alluxio.dora.client.ufs.root": str(ufs),
        }
        settings = Settings.of({"name": "me", "conf": None, "properties": given})
        self.client = Client(settings, logging.getLogger("me"))

    def use(self, work):
        async def using():
            await self.client.start()
            try:
                return await work(self.client)
            finally:
                await self.client.close()

        return asyncio.run(using())


def test_as_a_library_it_raises_what_went_wrong(etcd, ufs):
    async def work(client):
        with pytest.raises(NotReadyError):
            client.owner("k")
        await client.refresh()
        with pytest.raises(LookupError):
            client.owner("k")
        with pytest.raises(FileNotFoundError):
            await client.read(f"{ufs}/nothing")
        with pytest.raises(InputError):
            await client.read(f"{ufs}/../etc")
        return await client.read(f"{ufs}/key-1")

    assert Library(etcd, ufs).use(work).served.contents == b"contents 1"


def test_the_same_members_keep_the_ring_object(etcd, ufs, workers):
    async def work(client):
        await client.refresh()
        first = client.known
        with etcd.client() as other:
            other.transaction([], [])
        await client.refresh()
        return first.ring is client.known.ring

    assert Library(etcd, ufs).use(work)


def test_a_candidate_that_is_not_in_the_view_is_passed_over(etcd, ufs):
    async def work(client):
        await client.refresh()
        stranger = WorkerId.parse("worker-7")
        client.known = type(client.known)(View(1), Ring.build([stranger], 5))
        with pytest.raises(ClusterError):
            await client.fetch(client.address(client.known, stranger), stranger, "k")
        return await client.read(f"{ufs}/key-1")

    read = Library(etcd, ufs).use(work)
    assert (read.served.by, read.asked) == ("ufs", (None,))
