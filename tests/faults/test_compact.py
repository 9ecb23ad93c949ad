from harness.faults.compact import Compact
from tests.fakes import FakeCluster


def test_a_log_that_is_refused_further_back_is_the_effect():
    cluster = FakeCluster("worker-1")
    assert Compact(3).inject(cluster).outcome == "proven"
    assert cluster.log == [("compact", 3)]


def test_a_log_that_can_still_be_read_is_none():
    cluster = FakeCluster("worker-1")
    cluster.is_forgetful = False
    proof = Compact().inject(cluster)
    assert (proof.outcome, proof.detail) == ("absent", "etcd's log compacted: not within 10 s")


def test_it_is_for_good_and_strikes_no_node():
    cluster = FakeCluster("worker-1")
    assert Compact().heal(cluster).outcome == "not-applicable"
    assert (Compact().targets_in(cluster.names), Compact().cuts(cluster.names), cluster.log) == ((), (), [])
