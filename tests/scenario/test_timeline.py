from math import inf

import pytest

from harness.core.plan import Step, When
from harness.scenario.timeline import spans_of


def pause(at_s=None, for_s=None, after_s=0.0):
    when = When("online", count=1, after_s=after_s) if at_s is None else None
    return Step("pause", {"targets": ["worker-1"]}, at_s, when, for_s)


def isolate(at_s, for_s=None):
    return Step("isolate", {"targets": ["worker-1"]}, at_s, None, for_s)


def test_a_step_that_waits_begins_after_the_one_before_it_some_time():
    _, waits, again = spans_of([pause(1.0, 2.0), pause(None, 4.0, after_s=1.0), pause(None, 1.0)])
    assert (waits.begin_s, waits.latest_s, waits.end_s, waits.after) == (4.0, inf, inf, {0})
    assert (again.begin_s, again.after) == (8.0, {0, 1})


def test_what_has_no_end_is_not_over_when_the_next_begins():
    _, waits = spans_of([pause(1.0), pause(None, 1.0)])
    assert (waits.begin_s, waits.after) == (1.0, frozenset())


@pytest.mark.parametrize(
    ("steps", "meet"),
    [
        ((pause(1.0, 2.0), pause(2.0, 2.0)), True),
        ((pause(1.0, 2.0), pause(3.0, 2.0)), False),
        ((pause(1.0), pause(9.0, 1.0)), True),
        ((pause(1.0, 2.0), pause(None, 1.0)), False),
        ((pause(None, 1.0), pause(50.0, 1.0)), True),
    ],
    ids=["overlap", "touch", "no end", "in turn", "some time"],
)
def test_steps_may_meet_when_both_can_be_open_at_a_time(steps, meet):
    one, other = spans_of(steps)
    assert one.may_meet(other) is other.may_meet(one) is meet


def test_a_cut_excludes_only_who_is_held_when_it_begins_and_processes_never_meet():
    cut, later, never = spans_of([isolate(1.0), pause(2.0, 1.0), pause(1.5)])
    assert not cut.excludes(later)
    assert later.excludes(cut)
    assert later.excludes(never)
    assert never.excludes(later)


def test_of_two_on_one_process_the_later_waits_and_a_cut_waits_for_nobody():
    first, second, cut = spans_of([pause(2.0, 1.0), pause(1.0, 5.0), isolate(3.0)])
    assert first.waits_for(second)
    assert not second.waits_for(first)
    assert not cut.waits_for(first)
    assert not first.waits_for(cut)
