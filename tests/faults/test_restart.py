import pytest

from harness.errors import ClusterError
from harness.faults.restart import Restart
from tests.fakes import FakeCluster


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_a_restart_stops_with_its_signal_and_starts_again(signal):
    cluster = FakeCluster("worker-1")
    restart = Restart(("worker-1",), signal)
    assert (restart.inject(cluster).outcome, cluster.node("worker-1").running) == ("proven", False)
    assert restart.heal(cluster).outcome == "proven"
    assert cluster.log == [(signal, "worker-1"), ("start", "worker-1")]


def test_a_process_that_ignores_term_is_killed_before_it_is_started_again():
    cluster = FakeCluster("worker-1")
    cluster.node("worker-1").deaf = {"TERM"}
    restart = Restart(("worker-1",))
    assert restart.inject(cluster).outcome == "absent"
    assert restart.heal(cluster).outcome == "proven"
    assert cluster.log == [("TERM", "worker-1"), ("KILL", "worker-1"), ("start", "worker-1")]


def test_a_process_that_can_not_be_stopped_is_not_started_twice():
    cluster = FakeCluster("worker-1", "worker-2")
    cluster.node("worker-1").deaf = {"TERM", "KILL"}
    restart = Restart(("worker-1", "worker-2"))
    restart.inject(cluster)
    proof = restart.heal(cluster)
    assert (proof.outcome, proof.detail) == ("absent", "worker-1, worker-2 gone: not within 10 s")
    assert cluster.node("worker-2").running


def test_one_node_that_can_not_be_started_does_not_keep_the_others_down():
    cluster = FakeCluster("worker-1", "worker-2")
    restart = Restart(("worker-1", "worker-2"))
    restart.inject(cluster)
    cluster.node("worker-1").refused = {"start"}
    with pytest.raises(ClusterError, match="worker-1: start refused"):
        restart.heal(cluster)
    assert cluster.node("worker-2").running
