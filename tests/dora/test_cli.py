import pytest

from harness.core.entity import NetAddress, WorkerEntity, encode
from harness.core.identity import WorkerId
from harness.core.membership import alive_key, registered_key
from harness.dora.cli import main
from harness.etcd import delete, put
from tests.conftest import free_port

pytestmark = pytest.mark.cluster

ONE, TWO = (WorkerId.parse(f"worker-00000000-0000-0000-0000-00000000000{n}") for n in (1, 2))


@pytest.fixture
def client(etcd):
    with etcd.client() as client:
        yield client


@pytest.fixture
def cluster(etcd, client):
    """Worker 1 is online, worker 2 offline."""
    for worker, host in ((ONE, "host-1"), (TWO, "host-2")):
        value = encode(WorkerEntity(worker, NetAddress(host, rpc_port=29999)))
        client.transaction([], [put(registered_key(etcd.name, worker), value)])
    client.transaction(
        [], [put(alive_key(etcd.name, ONE), encode(WorkerEntity(ONE, NetAddress("host-1", rpc_port=29999))))]
    )
    return etcd


@pytest.fixture
def dora(etcd, capsys):
    """Run a command on the test's cluster: (exit code, stdout, stderr)."""

    def run(*arguments):
        code = main(
            [*arguments, "-D", f"alluxio.etcd.endpoints={etcd.endpoint}", "-D", f"alluxio.cluster.name={etcd.name}"]
        )
        return code, *capsys.readouterr()

    return run


def test_nodes_are_listed_as_alluxio_lists_them(cluster, dora):
    table = f"WorkerId\tAddress\tStatus\n{ONE}\thost-1:29999\tONLINE\n{TWO}\thost-2:29999\tOFFLINE\n\n"
    assert dora("info", "nodes") == (0, table, "")


def test_no_nodes_are_a_header(dora):
    assert dora("info", "nodes") == (0, "WorkerId\tAddress\tStatus\n\n", "")


def test_one_bad_value_does_not_hide_the_others(cluster, client, dora):
    client.transaction([], [put(registered_key(cluster.name, WorkerId.parse("worker-7")), b"")])
    assert dora("info", "nodes")[1].count("\n") == 4


def test_an_offline_worker_is_removed(cluster, dora):
    assert dora("process", "remove-worker", "-n", str(TWO)) == (0, f"Successfully removed worker: {TWO}\n", "")
    assert str(TWO) not in dora("info", "nodes")[1]


def test_an_online_worker_is_not_removed(cluster, dora):
    says = f"dora: Can't remove running worker: {ONE}, stop the worker before removing\n"
    assert dora("process", "remove-worker", "-n", str(ONE)) == (1, "", says)
    assert str(ONE) in dora("info", "nodes")[1]


def test_an_unknown_or_removed_worker_is_unrecognized(cluster, client, dora):
    client.transaction([], [delete(registered_key(cluster.name, TWO))])
    says = f"dora: Unrecognized or non-existing worker: {TWO}\n"
    assert dora("process", "remove-worker", "-n", str(TWO)) == (1, "", says)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("process", "remove-worker", "-n", "me"), "no worker identity"),
        (("process", "remove-worker"), "Missing option '-n'"),
        (("info", "nods"), "No such command 'nods'"),
        (("info", "nodes", "--conf", "/nowhere.properties"), "can't be read"),
        (("info", "nodes", "-D", "alluxio.cluster.name"), "write -D key=value"),
        (("info", "nodes", "-D", "alluxio.cluster.nam=a"), "did you mean 'alluxio.cluster.name'"),
        (("info", "nodes", "-D", "alluxio.worker.membership.manager.type=NOOP"), "not built yet"),
    ],
)
def test_wrong_input_is_254(dora, arguments, why):
    code, out, err = dora(*arguments)
    assert (code, out) == (254, "")
    assert why in err


def test_no_etcd_is_1(capsys):
    assert main(["info", "nodes", "-D", f"alluxio.etcd.endpoints=127.0.0.1:{free_port()}"]) == 1
    assert capsys.readouterr().err.startswith("dora: ")


def test_a_file_of_properties_is_read_and_a_single_one_wins(etcd, tmp_path, capsys):
    conf = tmp_path / "a.properties"
    conf.write_text(f"alluxio.etcd.endpoints=127.0.0.1:1\nalluxio.cluster.name={etcd.name}\n")
    assert main(["info", "nodes", "--conf", str(conf), "-D", f"alluxio.etcd.endpoints={etcd.endpoint}"]) == 0


def test_help_is_no_error(capsys):
    assert main(["--help"]) == 0
    assert "remove one" in capsys.readouterr().out
