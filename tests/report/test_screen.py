from dataclasses import replace

import pytest

from harness.core.plan import Expect
from harness.report.screen import failure, screen, summary
from tests.report.runs import broken, held, judged, ordinary_ops, plan_of, summed_up


def result_of(*verdicts, **judgement):
    return summed_up(plan_of(), ordinary_ops(), judged(*verdicts, **judgement), "runs/tale-7")


@pytest.fixture
def violated():
    ops = tuple(each for each in ordinary_ops() if each.f == "lookup")
    return result_of(held(), broken(ops), outcome="violated", as_expected=False)


def test_faults_and_invariants_stand_in_rows():
    lines = screen(result_of(held())).splitlines()
    assert lines[0].split() == ["fault", "at", "effect", "heal"]
    assert lines[1].split("   ")[0].strip() == "pause worker-1"
    assert "proven in 0.10 s" in lines[1]
    assert any(line.split() == ["views-agree", "valid", "12", "views", "at", "3", "revisions"] for line in lines)


def test_the_last_line_sums_up():
    last = screen(result_of(held())).splitlines()[-1]
    assert last == "valid      1 invariant, 2 operations, 1 fault, 14.0 s   runs/tale-7"


def test_what_was_not_judged_stands_by_name_with_its_reason():
    lines = screen(result_of(held(), not_judged=[("nobody-returns", "nobody is removed")])).splitlines()
    assert any(
        line.split("   ")[0].strip() == "nobody-returns" and line.endswith("nobody is removed") for line in lines
    )


def test_a_violation_shows_the_sentence_and_its_ops(violated):
    text = screen(violated)
    assert "violated   one-owner" in text
    assert "client-1 says worker-1, the ring says worker-2" in text
    (evidence,) = [line.split() for line in text.splitlines() if "lookup ok" in line]
    assert evidence == ["3.10", "s", "client-1", "lookup", "ok", "key", "a,", "owner", "worker-1,", "revision", "5"]


def test_what_to_do_next_is_told_unless_all_is_well(violated):
    text = screen(violated, repeat="harness run tale --seed 7")
    assert "repeat     harness run tale --seed 7" in text
    assert "judge      harness check runs/tale-7" in text
    assert "harness check" not in screen(result_of(held()), repeat="harness run tale --seed 7")


def test_a_failure_tells_what_was_wrong_its_seed_and_what_to_do_and_nothing_that_went_well(violated):
    text = failure(violated, repeat="harness run tale --seed 7")
    assert text.splitlines()[0].split() == ["violated", "tale", "seed", "7", "14.0", "s", "runs/tale-7"]
    assert "client-1 says worker-1, the ring says worker-2" in text
    assert "repeat     harness run tale --seed 7" in text
    assert "views-agree" not in text
    unknown = replace(held("one-read"), missing="nobody read")
    assert "  unknown    one-read: nobody read\n" in failure(
        result_of(held(), unknown, outcome="unknown", as_expected=False)
    )


def test_why_nobody_can_tell_stands_above_what_to_do_next_and_at_the_top_of_a_failure():
    unknown = replace(held("one-read"), missing="nobody read")
    result = result_of(held(), unknown, outcome="unknown", as_expected=False, why="nobody read (one-read)")
    told = "  unknown    nobody read (one-read)"
    lines = screen(result).splitlines()
    assert lines.index(told) < lines.index(next(line for line in lines if line.lstrip().startswith("evidence")))
    assert failure(result).splitlines()[1] == told
    assert not any(line.startswith("  unknown") for line in screen(result_of(held())).splitlines())


def test_an_expected_violation_is_told_to_be_as_expected(violated):
    assert "as expected" not in summary(violated)
    assert "as expected" in summary(replace(violated, as_expected=True))


def test_a_missing_violation_has_a_line_of_its_own():
    missed = replace(result_of(held(), as_expected=False), expected=Expect("violated", ("one-owner",)))
    assert "expected violated: one-owner; got valid" in screen(missed).splitlines()


def test_what_was_left_behind_is_listed():
    text = screen(replace(result_of(held()), left_behind=["process 4242 (worker-1)"]))
    assert "left behind\n    process 4242 (worker-1)" in text


def test_plain_text_has_no_colours_and_no_trailing_blanks(violated):
    text = screen(violated)
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_colours_come_when_asked_for(violated):
    assert "\x1b[1;31m" in screen(violated, width=120, colour=True)


def test_a_narrow_terminal_wraps_and_loses_nothing(violated):
    text = screen(violated, width=60)
    assert all(len(line) <= 60 for line in text.splitlines())
    assert "one-owner" in text
