from harness.faults.join import Join
from tests.fakes import FakeCluster

JOIN = Join(("worker-2", "worker-3"))


def cluster():
    made = FakeCluster("worker-1", "worker-2", "worker-3")
    for name in JOIN.targets:
        made.node(name).running = made.node(name).registered = False
    return made


def test_new_workers_are_started_and_proven_when_all_are_online():
    joined = cluster()
    assert JOIN.inject(joined).outcome == "proven"
    assert joined.log == [("start", "worker-2"), ("start", "worker-3")]
    assert joined.states() == dict.fromkeys(("worker-1", "worker-2", "worker-3"), "online")


def test_one_that_does_not_come_online_makes_it_absent():
    joined = cluster()
    joined.node("worker-3").never_ready = True
    proof = JOIN.inject(joined)
    assert (proof.outcome, proof.detail) == ("absent", "worker-2, worker-3 ready: not within 30 s")


def test_who_joined_stays():
    joined = cluster()
    JOIN.inject(joined)
    assert JOIN.heal(joined).outcome == "not-applicable"
    assert joined.node("worker-2").running
