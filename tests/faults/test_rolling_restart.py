import pytest

from harness.faults.rolling_restart import RollingRestart
from tests.fakes import FakeCluster

NAMES = ("worker-1", "worker-2", "worker-3")


def test_each_worker_is_back_before_the_next_one_goes():
    cluster = FakeCluster(*NAMES)
    assert RollingRestart(NAMES[:2], "KILL", 2.0, 3.0).inject(cluster).outcome == "proven"
    one, two = ([("KILL", name), ("wait", 2.0), ("start", name)] for name in NAMES[:2])
    assert cluster.log == [*one, ("wait", 3.0), *two]


@pytest.mark.parametrize("broken", ["deaf", "never ready"])
def test_where_one_does_not_go_or_come_back_the_others_are_left_alone(broken):
    cluster, bad = FakeCluster(*NAMES), "worker-2"
    cluster.node(bad).deaf = {"TERM"} if broken == "deaf" else set()
    cluster.node(bad).never_ready = broken == "never ready"
    proof = RollingRestart(NAMES).inject(cluster)
    assert proof.outcome == "absent"
    assert proof.detail.startswith("worker-2 ")
    assert ("TERM", "worker-3") not in cluster.log


def test_the_heal_starts_whoever_is_down_and_nobody_else():
    cluster = FakeCluster(*NAMES)
    cluster.node("worker-2").running = False
    assert RollingRestart(NAMES).heal(cluster).outcome == "proven"
    assert cluster.log == [("start", "worker-2")]
