"""What is done by hand to a cluster in memory, and what is refused."""

import threading

import pytest

from harness.attempt import Running
from harness.core.plan import Step
from harness.errors import ClusterError, InputError
from harness.hands import Hands
from harness.injector import Injector
from harness.load import load_diary
from harness.report.run_dir import RunDir
from tests.fakes import FakeCluster, FakeNode


class Growing(FakeCluster):
    """Has room made for whoever joins; `elected` leads."""

    elected = "etcd-1"

    def leader(self):
        if not self.elected:
            raise ClusterError("nobody leads")
        return self.elected

    def grow(self, plan):
        for name in plan.names:
            if name not in self.nodes:
                self.nodes[name] = FakeNode(name, self.log)
                self.nodes[name].running = self.nodes[name].registered = False
        self.names = plan.names


class Bench:
    """`hands` are on a cluster of three workers; `ops` are what the injector has recorded."""

    def __init__(self, folder, **options):
        diary = load_diary("bench", folder, workers=3, clients=1, users=1)
        plan = diary.plan()
        self.cluster, self.ops = Growing(*plan.names), []
        run_dir = RunDir.create(folder / "runs", plan.scenario, plan.seed)
        self.hands = Hands(diary, plan, run_dir, lambda plan: plan, **options)
        running = Running(self.cluster, Injector(self.cluster, self.ops.append), None, grow=self.cluster.grow)
        self.hands.take(running, plan)

    @property
    def open(self):
        return self.hands.running.injector.open()

    @property
    def written(self):
        return (self.hands.run_dir.path / "scenario.yaml").read_text()


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_what_does_not_run_obeys_nobody(tmp_path):
    diary = load_diary("bench", tmp_path, workers=1)
    plan = diary.plan()
    hands = Hands(diary, plan, RunDir.create(tmp_path / "runs", "bench", 1), lambda plan: plan)
    for ask in (lambda: hands.running, hands.heal, hands.states, lambda: hands.begin("pause", "worker-1", None)):
        with pytest.raises(ClusterError, match="the cluster does not run"):
            ask()


def test_a_fault_that_begins_is_open_and_healed_by_its_index(bench):
    first, second = bench.hands.begin("pause", "worker-1", 60.0), bench.hands.begin("isolate", "worker-2", None)
    assert (first.index, second.index, bench.open) == (0, 1, [0, 1])
    assert first.step.for_s == 60.0
    bench.hands.heal_one(0)
    assert bench.open == [1]
    assert not bench.cluster.node("worker-1").paused
    bench.hands.heal_one(0)
    assert [op.f for op in bench.ops if op.type == "ok"] == ["pause", "isolate", "heal"]


def test_to_heal_all_leaves_who_was_killed_for_good_and_by_its_index_it_is_started(bench):
    bench.hands.begin("kill", "worker-1", None)
    bench.hands.begin("pause", "worker-2", None)
    bench.hands.heal()
    assert bench.open == [0]
    bench.hands.heal_one(0)
    assert bench.open == []
    assert bench.cluster.node("worker-1").running


def test_who_heals_early_has_written_how_long_it_lasted(bench):
    bench.hands.begin("pause", "worker-1", 60.0)
    assert "for: 60.000s" in bench.written
    bench.hands.heal_one(0)
    assert bench.hands.steps[0].for_s < 60
    assert "60.000s" not in bench.written


@pytest.mark.parametrize("fault", ["pause", "kill", "restart", "decommission"])
def test_a_node_that_a_fault_holds_is_not_to_be_had_for_another_until_it_is_healed(bench, fault):
    bench.hands.begin("pause", "worker-1", 0.001)
    with pytest.raises(InputError, match=r"worker-1 is held .*pause"):
        bench.hands.begin(fault, "worker-1", None)
    assert len(bench.hands.steps) == 1
    bench.hands.heal_one(0)
    bench.hands.begin(fault, "worker-1", None)


def test_a_fault_whose_time_is_over_and_that_nobody_has_healed_yet_holds_its_node_still(bench):
    """By its `for` it is over when the next one begins; in fact it is not."""
    bench.hands.begin("pause", "worker-1", 0.001)
    with pytest.raises(InputError, match=r"worker-1 is held by pause \(#1\), which is open; heal that first"):
        bench.hands.begin("pause", ["worker-1", "worker-2"], 0.001)


def test_links_are_counted_and_so_cut_together_with_anything(bench):
    bench.hands.begin("pause", "worker-1", None)
    bench.hands.begin("isolate", "worker-1", None)
    bench.hands.begin("partition", [["worker-1"], "rest"], None)
    assert bench.open == [0, 1, 2]


def test_who_joins_has_room_and_may_be_named_from_then_on(bench):
    bench.hands.wait_and_heal(bench.hands.begin("join", 2, None))
    assert bench.open == []
    assert bench.hands.workers[3:] == ("worker-4", "worker-5")
    assert bench.cluster.node("worker-5").running
    bench.hands.begin("pause", "worker-5", None)
    assert bench.cluster.node("worker-5").paused


@pytest.mark.parametrize(("fault", "given"), [("isolate", "worker-1"), ("partition", [["worker-1"], "rest"])])
def test_nobody_joins_while_all_others_are_cut_off(bench, fault, given):
    bench.hands.begin(fault, given, None)
    with pytest.raises(InputError, match=rf"nobody can join while {fault} \(#1\) cuts off all others; heal that first"):
        bench.hands.begin("join", 1, None)
    assert "worker-4" not in bench.hands.workers
    bench.hands.heal_one(0)
    bench.hands.begin("join", 1, None)


def test_a_cut_between_some_keeps_nobody_from_joining(bench):
    bench.hands.begin("partition", [["worker-1"], ["worker-2"]], None)
    bench.hands.begin("join", 1, None)
    assert bench.cluster.node("worker-4").running


def test_a_fault_that_is_refused_leaves_nothing_open(bench):
    bench.cluster.node("worker-1").refused = {"STOP"}
    with pytest.raises(ClusterError, match=r"^pause could not be injected: worker-1: STOP refused$"):
        bench.hands.begin("pause", "worker-1", None)
    assert bench.open == []
    bench.hands.begin("isolate", "worker-1", None)


@pytest.mark.parametrize(
    ("fault", "given", "refusal"),
    [("pause", "worker-1", "STOP"), ("decommission", {"worker": "worker-1", "stop": "TERM"}, "TERM")],
)
def test_a_fault_whose_injection_failed_can_be_tried_again_and_is_written_once(bench, fault, given, refusal):
    node = bench.cluster.node("worker-1")
    node.refused = {refusal}
    with pytest.raises(ClusterError, match=f"{fault} could not be injected"):
        bench.hands.begin(fault, given, None)
    assert f"{fault}:" not in bench.written
    node.refused = set()
    bench.hands.begin(fault, given, None)
    assert [step.fault for step in bench.hands.steps] == [fault] * 2
    assert bench.written.count(f"{fault}:") == 1
    assert [(op.f, op.value["step"]) for op in bench.ops if op.type == "ok"][-1] == (fault, 1)


def test_a_heal_that_failed_can_be_tried_again_and_keeps_no_other_from_being_healed(bench):
    node = bench.cluster.node("worker-1")
    node.refused = {"CONT"}
    for fault, name in (("pause", "worker-1"), ("isolate", "worker-2"), ("pause", "worker-3")):
        bench.hands.begin(fault, name, None)
    with pytest.raises(ClusterError, match=r"^pause could not be healed: worker-1: CONT refused$"):
        bench.hands.heal()
    assert bench.open == [0]
    assert bench.cluster.cut_links == frozenset()
    assert not bench.cluster.node("worker-3").paused
    with pytest.raises(InputError, match=r"worker-1 is held by pause \(#1\)"):
        bench.hands.begin("kill", "worker-1", None)
    node.refused = set()
    bench.hands.heal()
    assert (bench.open, node.paused) == ([], False)


def test_all_heals_that_failed_are_told_at_once(bench):
    for name in ("worker-1", "worker-2"):
        bench.cluster.node(name).refused = {"CONT"}
        bench.hands.begin("pause", name, None)
    with pytest.raises(ClusterError) as failed:
        bench.hands.heal()
    assert str(failed.value).count("pause could not be healed") == 2
    assert bench.open == [0, 1]


def test_a_fault_that_did_not_heal_when_its_time_was_over_can_be_healed_by_hand(bench):
    node = bench.cluster.node("worker-1")
    node.refused = {"CONT"}
    with pytest.raises(ClusterError, match="pause could not be healed"):
        bench.hands.inject("pause", "worker-1", for_="1ms")
    assert bench.open == [0]
    node.refused = set()
    bench.hands.heal_one(0)
    assert (bench.open, node.paused) == ([], False)


def test_the_leader_is_found_when_it_is_struck(tmp_path):
    diary = load_diary("bench", tmp_path, workers=1, etcd=3)
    plan, cluster = diary.plan(), Growing("etcd-1", "etcd-2", "etcd-3", "worker-1")
    hands = Hands(diary, plan, RunDir.create(tmp_path / "runs", "bench", 1), lambda plan: plan)
    ops = []
    hands.take(Running(cluster, Injector(cluster, ops.append), None), plan)
    cluster.elected = "etcd-2"
    assert hands.begin("pause", "leader", None).targets == ("etcd-2",)
    assert cluster.node("etcd-2").paused
    hands.heal()
    cluster.elected = ""
    with pytest.raises(ClusterError, match="nobody leads"):
        hands.begin("pause", "leader", None)
    assert [(op.f, op.value["step"], op.error) for op in ops][-1] == ("skip", 1, "nobody leads")


def test_many_at_once_are_done_one_after_the_other_and_none_is_lost(bench):
    workers, failures = [f"worker-{number}" for number in (1, 2, 3)], []

    def pause(name):
        try:
            bench.hands.begin("pause", name, None)
        except InputError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=pause, args=(name,)) for name in workers * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 3
    assert sorted(step.params["targets"] for step in bench.hands.steps) == [[name] for name in workers]
    assert bench.open == [0, 1, 2]
    assert bench.written.count("pause:") == 3


def test_of_a_full_disk_it_is_told_and_it_goes_on_where_it_was_meant_to(tmp_path):
    staying = Bench(tmp_path, goes_on=True)
    scenario = staying.hands.run_dir.path / "scenario.yaml"
    scenario.mkdir()
    staying.hands.begin("pause", "worker-1", None)
    assert staying.cluster.node("worker-1").paused
    assert "scenario.yaml" in staying.hands.unwritten
    scenario.rmdir()
    staying.hands.heal()
    assert staying.hands.unwritten == ""
    assert "pause:" in staying.written


def test_a_run_of_a_test_does_not_go_on_with_a_full_disk(bench):
    (bench.hands.run_dir.path / "scenario.yaml").mkdir()
    with pytest.raises(ClusterError, match=r"scenario\.yaml"):
        bench.hands.begin("pause", "worker-1", None)
    assert not bench.cluster.node("worker-1").paused


def test_no_worker_and_no_client_of_that_name_is_told_before_anything_is_asked(bench):
    with pytest.raises(InputError, match="no worker is called 'worker-9'; there are worker-1, worker-2, worker-3"):
        bench.hands.wait_online("worker-9")
    with pytest.raises(InputError, match="no client is called 'user-1'; there are client-1"):
        bench.hands.lookup("key", "user-1")


def test_steps_are_those_of_the_diary(bench):
    bench.hands.begin("pause", "worker-1", None)
    (step,) = bench.hands.steps
    assert step == Step("pause", {"targets": ["worker-1"]}, step.at_s)
