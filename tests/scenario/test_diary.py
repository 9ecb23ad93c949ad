from collections import Counter
from pathlib import Path

import pytest

from harness.core.plan import Step
from harness.errors import InputError
from harness.load import scenario_of
from harness.scenario.diary import Diary
from harness.scenario.plan import make_plan

FILE = Path("by-hand.yaml")


def read(text):
    return scenario_of(text, FILE)


def diary(seed=1, **cluster):
    return Diary(str(FILE), {"cluster": {"workers": 3, **cluster}}, seed, read)


def written(diary):
    """What a run of the text that the diary is would do."""
    return make_plan(read(diary.text()), diary.seed)


def test_nothing_is_a_scenario_too():
    one = Diary(str(FILE), {}, 1, read)
    assert one.plan().workers == ("worker-1", "worker-2", "worker-3")
    assert one.plan() == written(one)


def test_a_fault_is_a_step_that_begins_now_and_lasts_until_it_is_healed():
    one = diary()
    index, step = one.begin("pause", "worker-2", 1.5, None)
    assert (index, step) == (0, Step("pause", {"targets": ["worker-2"]}, 1.5))
    assert one.end(0, 2.25).for_s == 2.25
    assert one.plan().steps == (Step("pause", {"targets": ["worker-2"]}, 1.5, for_s=2.25),)
    assert one.plan() == written(one)


def test_what_was_drawn_is_written_by_name_so_that_nothing_later_changes_it():
    for seed in range(5):
        one = diary(seed)
        _, first = one.begin("pause", "any", 1.0, 0.5)
        _, second = one.begin("restart", {"worker": {"any": 2}, "down_for": "1s"}, 2.0, None)
        one.begin("kill", {"any": 1}, 9.0, 1.0)
        assert one.plan().steps[:2] == (first, second)
        assert one.plan() == written(one)
        assert "any" not in one.text()


def test_all_forms_of_a_step_are_written_so_that_they_mean_the_same():
    one = diary(clients=2, etcd={"members": 3})
    one.begin("partition", [["worker-1", "client-1"], "rest"], 1.0, 0.5)
    one.begin("partition", {"from": ["worker-2"], "to": "rest"}, 2.0, 0.5)
    one.begin("kill", "leader", 3.0, 0.5)
    one.begin("corrupt", ["empty", "null"], 4.0, 0.5)
    one.begin("compact", {"keep": 10}, 5.0, None)
    one.begin("decommission", {"worker": "worker-3", "stop": "KILL"}, 6.0, None)
    told = {"partition": 2, "kill": 1, "corrupt": 1, "compact": 1, "decommission": 1}
    assert Counter(step.fault for step in one.plan().steps) == told
    assert one.plan() == written(one)


def test_workers_join_one_after_the_other_and_are_there_for_what_comes_then():
    one = diary()
    one.begin("join", 1, 1.0, None)
    assert one.plan().joiners == ("worker-4",)
    one.begin("pause", "worker-4", 2.0, 0.5)
    one.begin("join", 2, 3.0, None)
    assert one.plan().joiners == ("worker-4", "worker-5", "worker-6")
    assert one.plan() == written(one)


def test_what_does_not_fit_is_not_in_the_diary():
    one = diary()

    def refuse(step):
        raise InputError(f"no {step.fault} today")

    with pytest.raises(InputError, match="no pause today"):
        one.begin("pause", "worker-1", 1.0, None, refuse)
    assert one.plan().steps == ()
    assert "pause" not in one.text()


@pytest.mark.parametrize(
    ("fault", "given", "told"),
    [
        ("explode", "worker-1", "no fault is called 'explode'"),
        ("kill", "worker-7", "no node is called 'worker-7'"),
        ("kill", 7, "does not fit"),
        ("kill", None, "does not fit"),
        ("pause", "worker-1", "worker-1 is held to the end by the pause"),
        ("restart", {"worker": "worker-2", "down": "1s"}, "unknown field 'down'"),
        ("kill", {"any": 3}, "3 to draw, and 2 of 3 workers free"),
    ],
)
def test_what_cannot_be_done_is_refused_without_the_place_in_a_file_and_leaves_no_trace(fault, given, told):
    one = diary()
    one.begin("pause", "worker-1", 1.0, None)
    before = one.text()
    with pytest.raises(InputError, match=told) as refused:
        one.begin(fault, given, 2.0, None)
    assert not str(refused.value).startswith("by-hand.yaml")
    assert one.text() == before
    assert len(one.plan().steps) == 1
