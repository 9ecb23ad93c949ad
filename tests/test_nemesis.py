import threading

import pytest

from harness.core.plan import Plan, Step, When, Workload
from harness.errors import ClusterError
from harness.injector import Injector
from harness.nemesis import Nemesis
from tests.fakes import FakeCluster, QuickClock

WORKERS = ("worker-1", "worker-2", "worker-3")
ALL_ONLINE = When("online", WORKERS)


def plan_of(*steps, **more):
    return Plan("x", 1, WORKERS, ("client-1",), {}, {}, Workload((), 0.0, 0.0), steps, **{"tail_s": 0.0} | more)


def pause(name, at_s=0.0, **more):
    return Step("pause", {"targets": [name]}, None if "when" in more else at_s, **more)


def kill(name, at_s=0.0, **more):
    return Step("kill", {"targets": [name]}, at_s, **more)


def isolate(name, at_s=0.0, **more):
    return Step("isolate", {"targets": [name]}, at_s, **more)


def partition(*groups, **more):
    return Step("partition", {"groups": [*groups], "from_": [], "to": []}, 0.0, **more)


class Rig:
    def __init__(self, *steps, states=None, leader=str, record=None, **more):
        self.plan = plan_of(*steps, **more)
        self.cluster, self.ops, self.stop = FakeCluster(*self.plan.names), [], threading.Event()
        states = states or (lambda: dict.fromkeys(WORKERS, "online"))
        record = record or self.ops.append
        clock = QuickClock()
        self.injector = Injector(self.cluster, record, clock.now_ns)
        self.nemesis = Nemesis(self.plan, self.injector, states, clock=clock, leader=leader)

    def run(self):
        self.nemesis.run(self.stop)
        return self

    def run_and_heal(self):
        self.run().injector.heal_all()
        return self

    def told(self, *kinds):
        """What was recorded, in order: (step, f, type), of the given steps."""
        return [(op.value["step"], op.f, op.type) for op in self.ops if not kinds or op.value["step"] in kinds]


def test_a_step_is_injected_and_healed_after_its_time_and_each_is_recorded_with_its_proof():
    rig = Rig(pause("worker-2", for_s=1.0)).run()
    assert rig.told() == [(0, "pause", "invoke"), (0, "pause", "ok"), (0, "heal", "invoke"), (0, "heal", "ok")]
    injected, healed = rig.ops[1], rig.ops[3]
    assert injected.value["effect"] == healed.value["heal"] == "proven"
    assert (injected.value["targets"], healed.value["fault"], healed.value["targets"]) == (
        ["worker-2"],
        "pause",
        ["worker-2"],
    )
    assert injected.value["late_s"] >= 0
    assert [op.actor for op in rig.ops] == ["nemesis"] * 4
    assert rig.ops[0].id == injected.id != rig.ops[2].id == healed.id


def test_a_cut_is_recorded_with_its_links():
    rig = Rig(partition(["worker-1"], ["rest"], for_s=1.0)).run()
    rest = ["etcd-1", "worker-2", "worker-3", "client-1"]
    assert rig.ops[0].value["cuts"] == [[["worker-1"], rest], [rest, ["worker-1"]]]
    assert "cuts" not in rig.ops[2].value


def test_what_has_no_end_stays_until_everything_is_healed():
    rig = Rig(pause("worker-1"), isolate("worker-2")).run()
    assert rig.cluster.node("worker-1").paused
    assert rig.cluster.cut_links
    rig.injector.heal_all()
    assert not rig.cluster.node("worker-1").paused
    assert not rig.cluster.cut_links


def test_a_kill_without_for_stays_down_and_the_heal_says_so():
    rig = Rig(kill("worker-1")).run_and_heal()
    assert not rig.cluster.node("worker-1").running
    assert rig.ops[-1].value["heal"] == "not-applicable"


def test_healing_twice_heals_once():
    rig = Rig(pause("worker-1")).run_and_heal()
    rig.injector.heal_all()
    assert rig.told().count((0, "heal", "ok")) == 1


def test_a_stopped_run_begins_nothing_more_and_leaves_what_is_open_to_the_heal():
    rig = Rig(pause("worker-1", for_s=1e6), kill("worker-2", 1e6), pause("worker-3", when=ALL_ONLINE))
    injected = rig.cluster.seconds_until
    rig.cluster.seconds_until = lambda *args: (rig.stop.set(), injected(*args))[1]
    rig.run()
    assert rig.cluster.node("worker-1").paused
    assert rig.nemesis.skipped[1] == "the run ended before it was due"
    assert set(rig.nemesis.skipped) == {1, 2}
    assert (1, "skip", "info") in rig.told()
    rig.injector.heal_all()
    assert not rig.cluster.node("worker-1").paused


def test_a_run_with_a_duration_ends_there_and_not_with_its_steps():
    rig = Rig(pause("worker-1", for_s=1e6), duration_s=30.0).run()
    assert rig.told() == [(0, "pause", "invoke"), (0, "pause", "ok")]


def test_two_steps_on_one_process_go_in_plan_order_and_the_second_is_late():
    rig = Rig(pause("worker-1", for_s=3.0), kill("worker-1", 1.0, for_s=1.0)).run()
    assert [f for _, f, type_ in rig.told() if type_ == "ok"] == ["pause", "heal", "kill", "heal"]
    late = next(op for op in rig.ops if op.f == "kill").value["late_s"]
    assert late > 1.0


def test_plan_order_is_by_time_where_the_file_has_the_later_one_first():
    rig = Rig(kill("worker-1", 4.0, for_s=1.0), pause("worker-1", 1.0, for_s=1.0)).run()
    assert [f for _, f, type_ in rig.told() if type_ == "ok"] == ["pause", "heal", "kill", "heal"]


def test_a_cut_goes_together_with_a_step_on_the_same_node():
    rig = Rig(isolate("worker-1"), pause("worker-1", for_s=1.0), partition(["worker-1"], ["worker-2"], for_s=1.0)).run()
    assert {(step, f) for step, f, type_ in rig.told() if type_ == "ok"} >= {(1, "heal"), (2, "heal")}
    assert not rig.nemesis.skipped


def test_a_cut_does_not_begin_while_another_one_is_being_proven():
    rig, proven = Rig(isolate("worker-1", for_s=1.0), isolate("worker-1", 3.0)), threading.Event()
    seconds_until = rig.cluster.seconds_until

    def slow_to_mend(what, probe, timeout_s):
        proven.wait(0.1 if "mended" in what else 0.0)
        return seconds_until(what, probe, timeout_s)

    rig.cluster.seconds_until = slow_to_mend
    rig.run()
    told = rig.told()
    assert abs(told.index((0, "heal", "invoke")) - told.index((0, "heal", "ok"))) == 1
    assert {op.value.get("effect") or op.value["heal"] for op in rig.ops if op.type == "ok"} <= {
        "proven",
        "not-applicable",
    }


def test_a_step_that_waits_begins_when_the_one_before_has_ended_and_the_condition_holds():
    looks = []

    def states():
        looks.append((0, "heal", "ok") in rig.told())
        return {"worker-3": "online" if len(looks) < 3 else "offline"}

    rig = Rig(pause("worker-1", for_s=2.0), pause("worker-2", when=When("offline", ("worker-3",))), states=states)
    rig.run()
    assert looks == [True, True, True]
    assert rig.told(1) == [(1, "pause", "invoke"), (1, "pause", "ok")]


def test_the_first_step_may_wait_and_is_looked_at_at_once():
    assert not Rig(pause("worker-1", when=ALL_ONLINE)).run().nemesis.skipped


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        (When("offline", ("worker-1", "worker-3"), within_s=1.0), "not offline within 1 s: worker-1, worker-3"),
        (When("online", count=4, within_s=1.0), "not online within 1 s: 3 of 4 workers"),
    ],
)
def test_a_condition_that_is_not_met_in_time_skips_the_step_and_says_who_is_missing(when, reason):
    rig = Rig(pause("worker-2", when=when)).run()
    assert rig.nemesis.skipped == {0: reason}
    assert [(op.f, op.type, op.error) for op in rig.ops] == [("skip", "info", reason)]


def test_the_time_scale_is_for_waiting_too():
    rig = Rig(pause("worker-2", when=When("offline", count=1, within_s=1.0)), time_scale=3.0).run()
    assert rig.nemesis.skipped == {0: "not offline within 3 s: 0 of 1 workers"}


def test_a_count_is_met_by_more():
    assert not Rig(pause("worker-1", when=When("online", count=2))).run().nemesis.skipped


def test_states_that_can_not_be_had_are_no_states():
    def unknown():
        raise ClusterError("the observer is gone")

    rig = Rig(pause("worker-1", when=When("online", count=1, within_s=1.0)), states=unknown).run()
    assert rig.nemesis.skipped == {0: "not online within 1 s: the observer is gone"}


def test_the_leader_is_found_when_it_happens():
    step = Step("restart", {"targets": ["leader"], "signal": "KILL", "down_for": 0.0}, 0.0)
    rig = Rig(step, leader=lambda: "etcd-1").run()
    assert rig.ops[0].value["targets"] == ["etcd-1"]
    assert rig.cluster.log == [("KILL", "etcd-1"), ("start", "etcd-1")]


def test_a_leader_that_is_not_found_skips_the_step():
    def nobody():
        raise ClusterError("a leader of etcd: not within 10 s")

    skipped = Rig(pause("leader"), leader=nobody).run().nemesis.skipped
    assert skipped == {0: "which member of etcd leads could not be found: a leader of etcd: not within 10 s"}


def test_a_fault_that_is_refused_is_recorded_and_what_it_did_is_healed_at_once():
    rig = Rig(Step("kill", {"targets": ["worker-1", "worker-2"]}, 0.0, for_s=1e6))
    rig.cluster.node("worker-2").refused = {"KILL"}
    rig.run()
    assert rig.told()[:2] == [(0, "kill", "invoke"), (0, "kill", "fail")]
    assert rig.ops[1].error == "worker-2: KILL refused"
    assert rig.told()[2] == (0, "heal", "invoke")


def test_a_bug_in_a_fault_is_recorded_by_its_type_and_the_others_go_on():
    rig = Rig(pause("worker-1"), pause("worker-2"))
    rig.cluster.node("worker-1").signal = lambda signal: 1 / 0
    rig.run_and_heal()
    assert {op.error for op in rig.ops if op.type == "fail"} == {"ZeroDivisionError: division by zero"}
    assert (1, "heal", "ok") in rig.told()
    assert not rig.cluster.node("worker-2").paused


def test_one_failing_heal_does_not_stop_the_others():
    rig = Rig(pause("worker-1"), isolate("worker-2"), pause("worker-3")).run()
    rig.cluster.node("worker-1").refused = {"CONT"}
    rig.injector.heal_all()
    assert [(op.value["step"], op.error) for op in rig.ops if op.type == "fail"] == [(0, "worker-1: CONT refused")]
    assert not rig.cluster.cut_links
    assert not rig.cluster.node("worker-3").paused


def test_a_history_that_can_not_be_written_ends_the_run_and_everything_can_still_be_healed():
    def full(op):
        if (op.value["step"], op.f, op.type) == (0, "pause", "ok"):
            raise OSError("no space left on device")

    rig = Rig(pause("worker-1"), pause("worker-2"), record=full)
    with pytest.raises(OSError, match="no space left"):
        rig.run()
    rig.injector.heal_all()
    assert not any(node.paused for node in rig.cluster.nodes.values())


def test_no_thread_outlives_the_run():
    before = threading.active_count()
    Rig(pause("worker-1", for_s=1.0), kill("worker-2", 1.0, for_s=1.0), isolate("worker-3")).run_and_heal()
    assert threading.active_count() == before


def test_a_plan_without_steps_ends_after_its_tail():
    assert not Rig().run_and_heal().ops
