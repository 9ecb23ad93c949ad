from harness.faults.pause import Pause
from tests.fakes import FakeCluster

PAUSE = Pause(("worker-1",))


def test_a_pause_is_proven_while_the_process_is_stopped():
    cluster = FakeCluster("worker-1", "worker-2")
    assert PAUSE.inject(cluster).outcome == "proven"
    assert (cluster.node("worker-1").paused, cluster.node("worker-2").paused) == (True, False)


def test_its_heal_is_proven_once_it_is_stopped_no_longer():
    cluster = FakeCluster("worker-1")
    PAUSE.inject(cluster)
    assert PAUSE.heal(cluster).outcome == "proven"
    assert cluster.log == [("STOP", "worker-1"), ("CONT", "worker-1")]


def test_a_pause_without_effect_is_absent():
    cluster = FakeCluster("worker-1")
    cluster.node("worker-1").deaf = {"STOP"}
    assert PAUSE.inject(cluster).outcome == "absent"


def test_a_process_that_stays_stopped_makes_the_heal_absent():
    cluster = FakeCluster("worker-1")
    PAUSE.inject(cluster)
    cluster.node("worker-1").deaf = {"CONT"}
    proof = PAUSE.heal(cluster)
    assert (proof.outcome, proof.detail) == ("absent", "worker-1 no longer paused: not within 10 s")


def test_a_process_that_somebody_else_woke_makes_the_heal_absent():
    cluster = FakeCluster("worker-1")
    PAUSE.inject(cluster)
    cluster.node("worker-1").paused = False
    proof = PAUSE.heal(cluster)
    assert (proof.outcome, proof.detail) == ("absent", "somebody else had woken it before")


def test_a_process_that_died_while_it_was_paused_is_not_signalled():
    cluster = FakeCluster("worker-1")
    PAUSE.inject(cluster)
    cluster.node("worker-1").running = cluster.node("worker-1").paused = False
    PAUSE.heal(cluster)
    assert cluster.log == [("STOP", "worker-1")]
