import pytest

from harness.errors import ClusterError
from harness.faults.decommission import Decommission
from tests.fakes import FakeCluster

NAMES = ("worker-1", "worker-2", "client-1")


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_a_worker_is_stopped_first_and_removed_once_it_is_offline(signal):
    cluster = FakeCluster(*NAMES)
    assert Decommission(("worker-1",), signal).inject(cluster).outcome == "proven"
    assert cluster.log == [(signal, "worker-1"), ("remove", "worker-1")]
    assert cluster.states() == {"worker-2": "online", "client-1": "online"}


def test_with_stop_none_a_worker_is_removed_that_is_offline_and_runs():
    cluster = FakeCluster(*NAMES)
    cluster.node("worker-1").signal("STOP")
    assert Decommission(("worker-1",), "none").inject(cluster).outcome == "proven"
    assert cluster.log == [("STOP", "worker-1"), ("remove", "worker-1")]
    assert cluster.node("worker-1").running


def test_a_worker_that_stays_online_is_not_removed():
    cluster = FakeCluster(*NAMES)
    proof = Decommission(("worker-1",), "none").inject(cluster)
    assert (proof.outcome, proof.detail) == ("absent", "worker-1 offline: not within 120 s")
    assert cluster.log == []


def test_a_worker_that_does_not_stop_is_not_removed():
    cluster = FakeCluster(*NAMES)
    cluster.node("worker-1").deaf = {"TERM"}
    assert Decommission(("worker-1",)).inject(cluster).outcome == "absent"
    assert ("remove", "worker-1") not in cluster.log


def test_a_refusal_is_the_operators():
    cluster = FakeCluster(*NAMES)
    cluster.states = lambda: {"worker-1": "offline"}
    with pytest.raises(ClusterError, match="Can't remove running worker"):
        Decommission(("worker-1",), "none").inject(cluster)


def test_who_shows_it_still_is_told_and_whoever_is_frozen_is_not_waited_for():
    cluster = FakeCluster(*NAMES)
    cluster.stale = {"worker-2", "client-1"}
    cluster.node("worker-2").signal("STOP")
    proof = Decommission(("worker-1",)).inject(cluster)
    assert (proof.outcome, proof.detail) == ("proven", "client-1 shows what was removed")


def test_a_removal_is_not_undone():
    assert Decommission(("worker-1",)).heal(FakeCluster(*NAMES)).outcome == "not-applicable"
