import json

import pytest

from harness.core.history import HARNESS, NEMESIS, History
from harness.core.plan import Expect, Step
from harness.report.result import Result
from harness.report.screen import screen
from tests.report.runs import broken, held, judged, op, ordinary_ops, pause, phase, plan_of, run_op, summed_up

CONTRACT = {
    "scenario",
    "seed",
    "outcome",
    "as_expected",
    "expected",
    "run_dir",
    "fabric",
    "etcd",
    "nodes",
    "phases",
    "wall_s",
    "faults",
    "ops",
    "invariants",
    "not_judged",
    "left_behind",
    "why",
}


def result_of(ops, judgement=None):
    return summed_up(plan_of(), ops, judgement or judged(held()), "runs/tale-7", judge_s=0.5)


def fault_rows(*ops):
    return result_of(History.of([run_op(), phase(0.0, "run", "invoke"), *ops])).faults


def test_the_json_has_the_contracts_names_and_is_one_line():
    text = result_of(ordinary_ops()).to_json()
    assert "\n" not in text
    assert json.loads(text).keys() == CONTRACT


def test_the_json_is_read_back_as_the_same_result():
    ops = ordinary_ops()
    judgement = judged(held(), broken(tuple(ops)[:2]), outcome="violated", as_expected=False, not_judged=[("a", "b")])
    result = summed_up(plan_of(expect=Expect("violated", ("one-owner",), ("held",))), ops, judgement, "runs/tale-7")
    assert Result.from_json(result.to_json()) == result


def test_facts_come_from_the_first_and_the_last_op():
    result = result_of(ordinary_ops())
    assert result.etcd == {"runtime": "process", "version": "3.5.1", "members": 1}
    assert result.fabric == "namespaces"
    assert result.nodes == {"workers": 2, "clients": 1}
    assert result.left_behind == []
    assert result.wall_s == 14.0


def test_a_run_took_the_same_time_however_long_judging_it_takes():
    at_first, again = (summed_up(plan_of(), ordinary_ops(), judged(held()), "runs/tale-7", judge_s=s) for s in (0.1, 9))
    assert at_first.wall_s == again.wall_s
    assert screen(at_first) == screen(again)


def test_phases_are_durations_and_judging_is_one_of_them():
    assert result_of(ordinary_ops()).phases == {
        "start_s": 1.0,
        "run_s": 10.0,
        "heal_s": 0.5,
        "settle_s": 1.5,
        "stop_s": 0.25,
        "judge_s": 0.5,
    }


def test_a_phase_that_never_ended_lasts_as_long_as_the_history():
    ops = [run_op(), phase(0.0, "run", "invoke"), op(3.0, HARNESS, "ok", "left-behind", left=[])]
    phases = result_of(History.of(ops)).phases
    assert (phases["run_s"], phases["heal_s"]) == (3.0, 0.0)


def test_an_op_without_completion_counts_as_info():
    ops = result_of(ordinary_ops()).ops
    assert ops == {"lookup": {"ok": 1, "fail": 0, "info": 0}, "read": {"ok": 0, "fail": 0, "info": 1}}


def test_a_fault_is_one_row_from_its_begin_to_the_begin_of_its_heal():
    (row,) = fault_rows(*pause(0, 2.0, 5.0))
    assert (row.fault, row.targets, row.at_s, row.until_s) == ("pause", ["worker-1"], 2.0, 5.0)
    assert (row.effect, row.effect_after_s, row.heal, row.heal_after_s) == ("proven", 0.1, "proven", 0.2)


def test_faults_are_listed_in_the_order_of_the_plan():
    rows = fault_rows(*pause(1, 2.0, 5.0), *pause(0, 6.0, 7.0))
    assert [row.at_s for row in rows] == [6.0, 2.0]


def test_a_fault_that_could_not_be_injected_has_no_effect():
    of = {"step": 0, "targets": ["worker-1"]}
    begun = op(1.0, NEMESIS, "invoke", "pause", **of)
    (row,) = fault_rows(begun, op(1.1, NEMESIS, "fail", "pause", "no such process", **of))
    assert (row.effect, row.heal, row.detail) == ("absent", "absent", "no such process")


def test_a_skipped_step_is_a_row_without_effect_and_nothing_to_heal():
    (row,) = fault_rows(op(1.0, NEMESIS, "info", "skip", "worker-2 was not online within 30 s", step=0, fault="pause"))
    assert (row.fault, row.effect, row.heal) == ("pause", "absent", "not-applicable")
    assert row.detail == "worker-2 was not online within 30 s"


def test_a_violation_carries_its_ops_with_their_place_and_time():
    ops = ordinary_ops()
    lookup = next(each for each in ops if each.f == "lookup" and each.type == "ok")
    (row,) = result_of(ops, judged(broken((lookup,)), outcome="violated", as_expected=False)).invariants
    (violation,) = row.violations
    assert violation["ops"][0]["at_s"] == 3.1
    assert violation["ops"][0]["value"]["owner"] == "worker-101"
    assert violation["ops"][0]["told"] == "key a, owner worker-1, revision 5"


def test_a_violation_tells_the_lines_of_its_ops_where_they_are_known():
    ops = ordinary_ops()
    judgement = judged(broken(ops[3:4]), outcome="violated", as_expected=False)
    for lines, line in (({ops[3].line(): 5}, 5), (None, None)):
        (row,) = summed_up(plan_of(), ops, judgement, "runs/tale-7", lines=lines).invariants
        assert row.violations[0]["ops"][0]["line"] == line


def test_what_was_expected_is_told():
    expect = Expect("violated", ("one-owner",))
    result = summed_up(plan_of(expect=expect), ordinary_ops(), judged(held()), "runs/tale-7")
    assert json.loads(result.to_json())["expected"] == {"outcome": "violated", "violated": ["one-owner"], "also": []}


KILL = {"step": 0, "targets": ["worker-1"]}


@pytest.mark.parametrize(
    ("for_s", "heal", "after_s"),
    [(None, "not-applicable", None), (2.0, "absent", None)],
    ids=["for good", "for a time"],
)
def test_a_heal_that_was_not_recorded_is_missed_only_where_one_was_due(for_s, heal, after_s):
    plan = plan_of(steps=(Step("kill", {"targets": ["worker-1"]}, at_s=1.0, for_s=for_s),))
    begun = op(1.0, NEMESIS, "invoke", "kill", **KILL)
    done = op(1.1, NEMESIS, "ok", "kill", **KILL, effect="proven", after_s=0.1, detail="")
    (row,) = summed_up(plan, History.of([run_op(), begun, done]), judged(held()), "runs/tale-7").faults
    assert (row.effect, row.heal, row.heal_after_s, row.until_s) == ("proven", heal, after_s, None)


def test_nothing_recorded_is_still_a_result():
    assert result_of(History()).faults == []


@pytest.mark.parametrize(
    ("outcome", "as_expected", "code"),
    [
        ("valid", True, 0),
        ("violated", True, 0),
        ("unknown", True, 0),
        ("violated", False, 1),
        ("valid", False, 1),
        ("unknown", False, 2),
    ],
)
def test_the_exit_code_says_whether_it_came_as_expected(outcome, as_expected, code):
    judgement = judged(held(), outcome=outcome, as_expected=as_expected)
    assert result_of(ordinary_ops(), judgement).exit_code == code
