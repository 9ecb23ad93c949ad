import json
from dataclasses import replace

from harness.checks.verdict import Verdict
from harness.core.plan import Expect
from harness.report.soak import Differing, Ended, differing, scenario_rows, worst_margins
from tests.report.runs import broken, held, judged, ordinary_ops, plan_of, summed_up
from tests.report.soaks import ended, margin, summary, task


def end_of(*verdicts, **judgement):
    result = summed_up(plan_of(), ordinary_ops(), judged(*verdicts, **judgement), "runs/tale-1")
    return Ended.with_result(task(), result, 15.0)


def test_of_a_run_as_expected_the_figures_are_kept_and_nothing_is_blamed():
    one = end_of(held())
    assert (one.ending, one.exit_code, one.is_as_expected, one.is_failure) == ("valid", 0, True, False)
    assert (one.wall_s, one.start_s, one.run_dir, one.outcomes) == (15.0, 1.0, "runs/tale-1", {"views-agree": "valid"})
    assert (one.why, one.blamed, one.margins) == ((), (), ())


def test_of_a_violation_the_first_sentence_is_kept():
    one = end_of(held(), broken(()), outcome="violated", as_expected=False)
    assert one.why == ("one-owner: client-1 says worker-1, the ring says worker-2",)
    assert one.blamed == ("one-owner",)
    assert one.is_failure


def test_of_an_unknown_run_is_kept_in_a_sentence_why_it_is():
    missing = Verdict("leaves", "0 departures", missing="nobody left")
    one = end_of(held(), missing, outcome="unknown", as_expected=False, why="nobody left (leaves)")
    assert (one.why, one.blamed) == (("nobody left (leaves)",), ("leaves",))


def test_of_an_unknown_run_is_kept_what_was_missing():
    one = end_of(held(), Verdict("leaves", "0 departures", missing="nobody left"), outcome="unknown", as_expected=False)
    assert one.why == ("leaves: nobody left",)
    assert one.exit_code == 2


def test_more_than_three_that_are_blamed_are_counted():
    rows = [broken((), f"invariant-{number}") for number in range(5)]
    one = end_of(*rows, outcome="violated", as_expected=False)
    assert one.why[3:] == ("and 2 more",)
    assert len(one.blamed) == 5


def test_a_violation_that_was_expected_is_no_failure():
    one = end_of(broken(()), outcome="violated")
    assert one.is_as_expected
    assert (one.why, one.blamed) == ((), ())


def test_a_violation_that_did_not_come_is_a_failure_and_told():
    judgement = judged(held(), as_expected=False)
    result = summed_up(plan_of(expect=Expect("violated", ("one-owner",))), ordinary_ops(), judgement, "runs/tale-1")
    one = Ended.with_result(task(), result, 15.0)
    assert (one.ending, one.exit_code, one.is_failure) == ("valid", 1, True)
    assert one.why == ("expected violated: one-owner; got valid",)


def test_a_margin_is_what_was_measured_against_a_bound():
    slow = Verdict("leaves", "", {"slowest_s": 2.0, "allowed_s": 4.0})
    agreed = Verdict("agree", "", {"took_s": 3.0, "allowed_s": 30.0})
    without = Verdict("none-late", "", {"slowest_s": None, "allowed_s": 4.0})
    assert [(one.invariant, one.share) for one in end_of(slow, agreed, without).margins] == [
        ("leaves", 0.5),
        ("agree", 0.1),
    ]


def test_a_row_counts_the_endings_and_what_was_expected():
    rows = scenario_rows([ended(1), ended(2, "violated"), ended(3, "violated", code=0), ended(1, scenario="other")])
    assert [(row.scenario, row.runs, row.as_expected) for row in rows] == [("tale", 3, 2), ("other", 1, 1)]
    assert rows[0].endings == {"valid": 1, "violated": 2, "unknown": 0, "failed": 0}


def test_a_rows_times_are_those_of_runs_with_a_result():
    runs = [ended(1, wall_s=10.0, start_s=0.5), ended(2, wall_s=12.0, start_s=0.7), ended(3, "failed", wall_s=99.0)]
    (row,) = scenario_rows(runs)
    assert (row.wall_median_s, row.wall_max_s, row.start_median_s, row.start_max_s) == (11.0, 12.0, 0.6, 0.7)


def test_a_scenario_of_which_all_failed_has_no_times():
    (row,) = scenario_rows([ended(1, "failed")])
    assert (row.wall_median_s, row.start_max_s) == (None, None)


def test_what_was_cut_short_is_in_no_row():
    assert scenario_rows([ended(1, "cut short")]) == []
    assert scenario_rows([]) == []


def test_of_each_invariant_the_run_nearest_to_its_bound_is_kept_nearest_first():
    runs = [
        ended(1, margins=(margin(2.0, 1), margin(1.0, 1, "stops"))),
        ended(2, margins=(margin(3.0, 2), margin(3.9, 2, "stops"))),
    ]
    assert [(one.invariant, one.seed) for one in worst_margins(runs)] == [("stops", 2), ("leaves", 2)]


def test_a_longer_time_of_a_longer_bound_may_be_farther_from_it():
    runs = [ended(1, margins=(margin(2.0, 1, allowed_s=2.5),)), ended(2, margins=(margin(3.0, 2, allowed_s=9.0),))]
    assert [one.seed for one in worst_margins(runs)] == [1]


def test_an_invariant_differs_when_two_seeds_of_one_scenario_do():
    outcomes = {1: "valid", 2: "violated", 3: "valid"}
    runs = [ended(seed, outcomes={"a": outcome, "b": "valid"}) for seed, outcome in outcomes.items()]
    assert differing(runs) == [Differing("tale", "a", {"valid": [1, 3], "violated": [2]})]


def test_two_scenarios_may_differ_and_a_seed_that_judged_nothing_does_not():
    runs = [ended(1, outcomes={"a": "valid"}), ended(2), ended(1, scenario="other", outcomes={"a": "unknown"})]
    assert differing(runs) == []


def test_failures_of_one_kind_blame_the_same():
    one, same, other = (ended(seed, "violated", blamed=(name,)) for seed, name in ((1, "a"), (2, "a"), (3, "b")))
    assert one.kind == same.kind != other.kind
    assert ended(1, "failed", why=("no room",)).kind != ended(1, "failed", why=("no etcd",)).kind


def test_the_document_has_all_of_it_and_is_json():
    runs = (ended(1, margins=(margin(2.0),)), ended(2, "violated"), ended(3, "cut short"))
    row = json.loads(json.dumps(replace(summary(*runs, left_out=4), exit_code=130).to_json()))
    assert [one["scenario"] for one in row["scenarios"]] == ["tale"]
    assert [one["seed"] for one in row["failures"]] == [2]
    assert [one["ending"] for one in row["runs"]] == ["valid", "violated", "cut short"]
    assert (row["is_interrupted"], row["left_out"], row["exit_code"]) == (True, 4, 130)
    assert row["margins"][0]["slowest_s"] == 2.0


def test_a_soak_of_which_all_ended_was_not_interrupted():
    assert not summary(ended(1), ended(2, "failed")).is_interrupted
