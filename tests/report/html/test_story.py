from dataclasses import replace

import pytest

from harness.checks.verdict import Verdict
from harness.report.html.story import story
from tests.report.html.tales import ops_of_a_tale, result_of, violated
from tests.report.runs import held, judged


def test_a_run_is_a_sentence():
    ops = ops_of_a_tale()
    assert story(result_of(ops, violated(ops))) == (
        "2 workers, 1 client and etcd 3.5.1 ran for 10.0 s; worker-1 was paused from 2.0 s to 5.0 s; "
        "owner-is-the-rings was violated."
    )


def test_a_run_without_faults_in_which_all_held():
    result = replace(result_of(ops_of_a_tale(), judged(held(), held("one-owner"))), faults=[])
    assert story(result).endswith("; nothing was done to them; all 2 invariants held.")


def test_what_nobody_can_tell_is_told():
    unknown = Verdict("gone-worker-leaves-views", "", missing="nobody was gone")
    told = story(result_of(ops_of_a_tale(), judged(unknown, held(), outcome="unknown", as_expected=False)))
    assert "nobody can tell of gone-worker-leaves-views and 1 other held" in told


def test_why_nobody_can_tell_is_told_in_a_sentence_of_its_own():
    unknown = Verdict("gone-worker-leaves-views", "", missing="nobody was gone")
    judgement = judged(unknown, outcome="unknown", as_expected=False, why="nobody was gone (gone-worker-leaves-views)")
    told = story(result_of(ops_of_a_tale(), judgement))
    assert told.endswith(". It is unknown because nobody was gone (gone-worker-leaves-views).")


def test_of_many_faults_the_first_are_told():
    result = result_of(ops_of_a_tale())
    assert "and 5 more faults followed" in story(replace(result, faults=result.faults * 9))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"fault": "kill", "until_s": None}, "worker-1 was killed at 2.0 s"),
        ({"fault": "kill"}, "worker-1 was killed at 2.0 s and started again at 5.0 s"),
        (
            {"fault": "restart", "text": "restart worker-1 (TERM)"},
            "worker-1 was stopped at 2.0 s and started again at 5.0 s",
        ),
        ({"fault": "join", "until_s": None}, "worker-1 joined at 2.0 s"),
        ({"fault": "partition", "text": "partition worker-1 | rest"}, "the network was cut, worker-1 | rest, from"),
        ({"fault": "compact", "text": "compact (keep 5)", "until_s": None}, "compact (keep 5) at 2.0 s"),
        ({"effect": "absent", "effect_after_s": None}, "is not seen to have happened"),
    ],
)
def test_each_fault_has_its_words(changes, told):
    result = result_of(ops_of_a_tale())
    assert told in story(replace(result, faults=[replace(result.faults[0], **changes)]))
