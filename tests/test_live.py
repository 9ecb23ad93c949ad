"""What a cluster tells whoever holds it; the one below is in memory."""

import pytest

from harness.attempt import Running
from harness.errors import ClusterError
from harness.injector import Injector
from harness.live import Live
from harness.load import load_diary
from tests.fakes import FakeCluster

HEALS = {"pause": ("CONT", {"for_": "10ms"}), "restart": ("start", {"down_for": "10ms"})}


@pytest.fixture
def live(tmp_path):
    """It runs, and was not started."""
    live = Live(load_diary("held", tmp_path, workers=2, clients=1, etcd={"runtime": "process"}), runs=tmp_path / "runs")
    cluster = FakeCluster("etcd-1", *live.workers, *live.clients)
    cluster.leader = lambda: "etcd-1"
    live._running = Running(cluster, Injector(cluster, [].append), None)
    return live


@pytest.mark.parametrize("fault", HEALS)
def test_a_fault_that_ends_by_itself_is_over_when_inject_returns(live, fault):
    live.inject(fault, worker="worker-1", **HEALS[fault][1])
    assert live._running.cluster.node("worker-1").is_ready()


@pytest.mark.parametrize("fault", HEALS)
def test_a_heal_that_fails_is_an_error_also_where_the_fault_ends_by_itself(live, fault):
    verb, fields = HEALS[fault]
    live._running.cluster.node("worker-1").refused = {verb}
    with pytest.raises(ClusterError, match=f"{fault} could not be healed: worker-1: {verb} refused"):
        live.inject(fault, worker="worker-1", **fields)


def written(live):
    """What the run's folder tells of each step: its fault, its target, whether it was healed before the end."""
    plan = live.run_dir.read_plan()
    text = (live.run_dir.path / "scenario.yaml").read_text()
    assert text.count("pause:") == sum(step.fault == "pause" for step in plan.steps)
    return [(step.fault, step.params["targets"], step.for_s is not None) for step in plan.steps]


def test_what_was_done_is_on_disk_when_it_is_done(live):
    fault = live.inject("pause", "worker-1")
    assert written(live) == [("pause", ["worker-1"], False)]
    fault.heal()
    assert written(live) == [("pause", ["worker-1"], True)]
    live.inject("kill", "worker-2")
    assert written(live) == [("pause", ["worker-1"], True), ("kill", ["worker-2"], False)]


def test_a_heal_that_fails_is_an_error(live):
    fault = live.inject("pause", "worker-1")
    live._running.cluster.node("worker-1").refused = {"CONT"}
    with pytest.raises(ClusterError, match="pause could not be healed"):
        fault.heal()
