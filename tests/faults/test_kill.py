from harness.faults.kill import Kill
from tests.fakes import FakeCluster

KILL = Kill(("worker-1", "worker-2"))


def test_a_kill_is_proven_when_every_process_is_gone():
    cluster = FakeCluster("worker-1", "worker-2", "worker-3")
    assert KILL.inject(cluster).outcome == "proven"
    assert [name for name, node in cluster.nodes.items() if node.running] == ["worker-3"]


def test_a_process_that_survives_the_signal_makes_the_effect_absent():
    cluster = FakeCluster("worker-1", "worker-2")
    cluster.node("worker-2").deaf = {"KILL"}
    proof = KILL.inject(cluster)
    assert (proof.outcome, proof.detail) == ("absent", "worker-1, worker-2 gone: not within 10 s")


def test_killing_what_did_not_run_has_no_effect_and_says_so():
    cluster = FakeCluster("worker-1", "worker-2")
    cluster.node("worker-1").running = False
    proof = KILL.inject(cluster)
    assert (proof.outcome, proof.detail) == ("absent", "worker-1 did not run")
    assert cluster.log == [("KILL", "worker-2")]


def test_the_heal_starts_every_node_and_waits_until_it_is_ready():
    cluster = FakeCluster("worker-1", "worker-2")
    KILL.inject(cluster)
    assert KILL.heal(cluster).outcome == "proven"
    assert all(node.is_ready() for node in cluster.nodes.values())


def test_a_node_that_does_not_become_ready_makes_the_heal_absent():
    cluster = FakeCluster("worker-1", "worker-2")
    KILL.inject(cluster)
    cluster.node("worker-2").never_ready = True
    proof = KILL.heal(cluster)
    assert (proof.outcome, proof.detail) == ("absent", "worker-1, worker-2 ready: not within 30 s")
