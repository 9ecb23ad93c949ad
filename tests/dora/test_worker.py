import socket

import pytest

from harness.core.identity import WorkerId
from harness.core.membership import alive_key, alive_prefix, registered_key, registered_prefix
from harness.dora.members import Members, remove
from harness.errors import ClusterError
from tests.conftest import Cluster, eventually
from tests.dora.nodes import http_get

pytestmark = pytest.mark.cluster

ID = WorkerId.parse("worker-00000000-0000-0000-0000-000000000001")


@pytest.fixture
def client(etcd):
    with etcd.client() as client:
        yield client


def keys(etcd, client):
    registered, alive = client.read([registered_prefix(etcd.name), alive_prefix(etcd.name)])[1]
    return registered, alive


def test_a_worker_joins_and_tells(etcd, client, new_worker):
    worker = new_worker()
    told = worker.until("online")
    (registered,), (alive,) = keys(etcd, client)
    assert (registered.key, alive.key) == (registered_key(etcd.name, ID), alive_key(etcd.name, ID))
    assert (registered.lease, registered.value) == (0, alive.value)
    assert told["lease"] == alive.lease == worker.op("grant").value["lease"]
    register = worker.op("register")
    assert register.value["revision"] == registered.create_revision
    assert register.value["id"] == told["id"] == str(ID)
    assert worker.op("serve").value == {"lease": alive.lease}
    keepalive = worker.op("keepalive")
    assert keepalive.value["ttl_s"] == 1
    assert register.time_ns < keepalive.value["sent_ns"] < keepalive.time_ns


def test_a_worker_is_in_its_own_view_soon_whatever_the_interval(new_worker):
    worker = new_worker(**{"alluxio.user.worker.list.refresh.interval": "1h"})
    assert str(ID) in worker.until_view(online=1)["online"]


def test_it_serves_files_and_says_as_whom(ufs, new_worker):
    worker = new_worker()
    lease = worker.until("online")["lease"]
    worker.until_view(online=1)
    status, headers, body = worker.get(f"file://{ufs}/key-7")
    assert (status, body) == (200, b"contents 7")
    assert (headers["X-Dora-Worker"], headers["X-Dora-Lease"]) == (str(ID), str(lease))
    assert worker.get("", "/v1/health")[0] == 200


def test_a_view_is_sent_again_only_when_it_is_not_the_one_seen(new_worker):
    worker = new_worker()
    worker.until_view(online=1)
    first = worker.ask("sample")
    again = worker.ask("sample", seen=first["digest"])
    assert first["view"]["online"].keys() == {str(ID)}
    assert (again["view"], again["digest"], again["state"]) == (None, first["digest"], "online")
    assert (first["pid"], first["incarnation"]) == (worker.process.pid, 1)


def test_a_stopped_worker_is_offline_at_once_and_still_registered(etcd, client, new_worker):
    worker = new_worker(**{"alluxio.worker.failure.detection.timeout": "1h"})
    worker.until("online")
    worker.signal("TERM")
    assert worker.exit_status() == 0
    registered, alive = keys(etcd, client)
    assert (len(registered), alive) == (1, [])
    assert worker.op("revoke").type == "ok"


def test_a_stop_over_the_control_socket_is_the_same(etcd, client, new_worker):
    worker = new_worker()
    worker.until("online")
    assert worker.ask("stop") == {"ok": True}
    assert worker.exit_status() == 0
    assert keys(etcd, client)[1] == []


def test_a_killed_worker_comes_back_as_itself(etcd, client, new_node):
    worker = new_node("worker", "worker-1")
    before = worker.until("online")
    worker.signal("KILL")
    worker.exit_status()
    registered, _ = keys(etcd, client)
    worker.start()
    after = worker.until("online")
    assert (after["id"], after["incarnation"]) == (before["id"], 2)
    assert after["lease"] != before["lease"]
    (now,), _ = keys(etcd, client)
    assert now.create_revision == registered[0].create_revision


def test_a_worker_removed_while_it_was_frozen_ends_and_stays_out(etcd, client, new_worker):
    worker = new_worker()
    worker.until("online")
    worker.signal("STOP")
    eventually(lambda: keys(etcd, client)[1] == [], "the lease to run out")
    remove(client, etcd.name, ID)
    worker.signal("CONT")
    assert worker.exit_status() == 3
    assert worker.op("removed").value == {"id": str(ID)}
    assert keys(etcd, client) == ([], [])
    assert "was removed" in worker.log.read_text()


def test_a_worker_frozen_past_its_lease_is_back_under_a_new_one(etcd, client, new_worker):
    worker = new_worker()
    before = worker.until("online")
    worker.signal("STOP")
    eventually(lambda: keys(etcd, client)[1] == [], "the lease to run out")
    worker.signal("CONT")
    after = eventually(lambda: (now := worker.ask("state"))["lease"] not in (0, before["lease"]) and now, "a new lease")
    assert after["id"] == before["id"]
    worker.until("online")


def test_an_online_worker_can_not_be_removed(etcd, client, new_worker):
    new_worker().until("online")
    with pytest.raises(ClusterError, match=r"Can't remove running worker: .*1, stop the worker before removing"):
        remove(client, etcd.name, ID)
    assert Members(client, etcd.name).read().view.online


def test_without_etcd_for_a_ttl_it_serves_nobody_until_etcd_is_back(own_etcd, ufs, new_worker):
    worker = new_worker(cluster=Cluster("own", own_etcd))
    worker.until("online")
    worker.until_view(online=1)
    own_etcd.kill()
    worker.until("fenced")
    assert worker.get(f"file://{ufs}/key-1")[0] == 503
    assert worker.get("", "/v1/health")[0] == 503
    own_etcd.start()
    worker.until("online")
    assert worker.get(f"file://{ufs}/key-1")[0] == 200


def test_a_worker_that_starts_before_etcd_joins_when_etcd_is_there(own_etcd, new_worker):
    own_etcd.kill()
    worker = new_worker(cluster=Cluster("own", own_etcd))
    worker.until("joining")
    own_etcd.start()
    worker.until("online")


def test_a_stop_without_etcd_still_ends(own_etcd, new_worker):
    worker = new_worker(cluster=Cluster("own", own_etcd))
    worker.until("online")
    own_etcd.kill()
    worker.signal("TERM")
    assert worker.exit_status() == 0
    assert worker.op("revoke").type == "info"


def test_another_worker_of_the_same_identity_is_refused(etcd, client, new_node, new_worker):
    worker = new_worker()
    worker.until("online")
    same = {"alluxio.worker.identity.uuid": str(ID).removeprefix("worker-"), "alluxio.worker.hostname": "elsewhere"}
    thief = new_node("worker", "thief", **same)
    assert thief.exit_status() == 1
    assert "Some other member with same id registered on the ring, bail." in thief.log.read_text()
    assert keys(etcd, client)[1][0].lease == worker.ask("state")["lease"]


def test_a_process_that_was_replaced_ends(new_node, new_worker):
    worker = new_worker()
    worker.until("online")
    twin = new_node("worker", "twin", **{"alluxio.worker.identity.uuid": str(ID).removeprefix("worker-")})
    assert worker.exit_status() == 3
    twin.until("online")


def test_a_port_that_is_taken_is_said_before_anything_is_registered(etcd, client, new_worker):
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        worker = new_worker(**{"alluxio.worker.http.server.port": str(port)})
        assert worker.exit_status() == 1
    assert f"can't listen on port {port}" in worker.log.read_text()
    assert keys(etcd, client) == ([], [])


def test_a_subclass_from_a_file_takes_its_part(tmp_path, ufs, new_node):
    (tmp_path / "animals.py").write_text(
        "from harness.dora.worker import Worker\n"
        "class Corrupt(Worker):\n"
        "    async def page(self, file, index):\n"
        "        return b'rotten'.ljust(file.size)\n"
    )
    worker = new_node("worker", "worker-1", part=f"{tmp_path}/animals.py:Corrupt")
    worker.until_view(online=1)
    assert worker.get(f"file://{ufs}/key-1")[2] == b"rotten    "


@pytest.mark.parametrize(
    ("conf", "why"),
    [
        ({"alluxio.worker.membership.manager.type": "STATIC"}, "STATIC, which is not built yet"),
        ({"alluxio.worker.identity.uuid": "me"}, "no worker identity"),
        ({"alluxio.etcd.endpoints": "etcd-1"}, "no etcd endpoint"),
    ],
)
def test_wrong_properties_are_said_in_one_line(new_node, conf, why):
    worker = new_node("worker", "worker-1", **conf)
    assert worker.exit_status() == 254
    assert why in worker.log.read_text()
    assert worker.log.read_text().count("\n") == 1


def test_nobody_answers_as_a_worker_that_has_gone(new_worker, ufs):
    worker = new_worker()
    address = worker.until_view(online=1)["online"][str(ID)]
    worker.signal("TERM")
    worker.exit_status()
    with pytest.raises(OSError, match="refused"):
        http_get(f"http://{address}/v1/file?path=file://{ufs}/key-1")
