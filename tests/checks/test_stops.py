import pytest

from harness.checks import INVARIANTS
from tests.checks.telling import (
    WORKERS,
    alive,
    cuts_around,
    deleted,
    exited,
    fault,
    granted,
    healed,
    joined,
    judged,
    kept,
    planned,
    put,
    reached,
    registered,
    revoked,
    run_begins,
    samples,
    signalled,
    snapshot,
    started,
    step,
    texts,
)

NAME = "clean-stop-is-immediate"
PLAN = planned(step("restart", "worker-1", signal="TERM", down_for=1.0))
KEY = alive("worker-1")


def stopping_worker(*ops, in_touch_until_s=5.0):
    """worker-1 is online and told to stop at 5 s."""
    keepalives = [kept(t / 10, "worker-1", 11) for t in range(5, round(in_touch_until_s * 10), 5)]
    return judged(
        NAME,
        run_begins(),
        snapshot(0.1, 4),
        started(0, "worker-1", 1),
        granted(0.1, "worker-1", 11),
        joined(0.2, "worker-1", 5, 11),
        registered(0.2, "worker-1", 11, 5),
        keepalives,
        samples(0.5, 4.9, "worker-1", 5),
        reached(0, 4.95, revision=5),
        signalled(5, "worker-1", 1, "TERM"),
        *ops,
        plan=PLAN,
    )


def told_to_stop(*ops, until_s=8.0, in_touch_until_s=5.0, revision=9):
    """The same; from then on etcd is at `revision`."""
    return stopping_worker(*ops, reached(5.05, until_s, revision=revision), in_touch_until_s=in_touch_until_s)


def test_a_revoked_lease_at_once_is_a_clean_stop():
    verdict = told_to_stop(deleted(5.1, KEY, 9), revoked(5.2, "worker-1", 11), exited(5.3, "worker-1", 1))
    assert verdict.outcome == "valid"
    assert verdict.summary == "1 clean stop, slowest 0.10 s of 1.05 s allowed"


def test_a_key_that_is_left_to_expire_is_violated():
    verdict = told_to_stop(exited(5.3, "worker-1", 1), deleted(7, KEY, 9), revision=8)
    assert texts(verdict) == [
        "worker-1 was told to stop at 5.00 s; its alive key went only at revision 9 (7.00 s), though worker-1 had "
        "ended at 5.30 s; 1.05 s are allowed"
    ]


def test_a_lease_that_was_not_given_back_whatever_the_worker_says_is_violated():
    said = revoked(5.1, "worker-1", 11), exited(5.3, "worker-1", 1)
    assert (
        "said that its lease was given back at 5.10 s" in texts(told_to_stop(said, deleted(5.9, KEY, 9), revision=8))[0]
    )
    assert told_to_stop(said, deleted(5.9, KEY, 9), revision=9).outcome == "valid"


def test_a_worker_that_answers_and_does_not_leave_is_violated():
    busy = samples(5, 7.9, "worker-1", 5, state="stopping")
    assert "went only at revision 9 (7.00 s); 1.05 s" in texts(told_to_stop(busy, deleted(7, KEY, 9), revision=8))[0]


def test_a_worker_that_was_kept_from_running_gets_its_time_back():
    slow = revoked(6.8, "worker-1", 11), deleted(6.79, KEY, 9), exited(6.85, "worker-1", 1)
    early, late = reached(5.05, 6.75, revision=8), reached(6.85, 8, revision=9)
    assert stopping_worker(slow, early, late).outcome == "valid"
    awake = samples(5, 6.7, "worker-1", 5, state="stopping")
    assert stopping_worker(awake, slow, early, late).outcome == "violated"


def test_a_worker_that_slept_through_its_lease_is_not_judged():
    slept = deleted(7, KEY, 9), reached(5.05, 6.95, revision=8), reached(7.05, 8, revision=9)
    assert stopping_worker(*slept, exited(7.2, "worker-1", 1)).outcome == "unknown"
    assert stopping_worker(*slept, revoked(8, "worker-1", 11, "info"), exited(8.1, "worker-1", 1)).outcome == "unknown"


def test_a_lease_of_which_nobody_knows_whether_etcd_got_it_back_is_not_judged():
    unheard = revoked(6, "worker-1", 11, "info"), exited(6.1, "worker-1", 1)
    assert told_to_stop(unheard, deleted(7, KEY, 9), revision=8).outcome == "unknown"


def test_a_worker_that_had_to_be_killed_was_asleep_for_all_anybody_knows():
    killed = exited(9, "worker-1", 1, status=-9), deleted(9.5, KEY, 9)
    awake = samples(5, 8.9, "worker-1", 5)
    assert told_to_stop(killed, until_s=12, revision=8).outcome == "unknown"
    assert told_to_stop(awake, killed, until_s=12, revision=8).outcome == "violated"


def test_a_delete_that_the_watch_delivered_late_came_in_time():
    verdict = told_to_stop(revoked(5.1, "worker-1", 11), deleted(6.5, KEY, 9), revision=9)
    assert verdict.outcome == "valid"


def test_a_key_that_the_next_incarnation_finds_still_there_is_violated():
    again = exited(5.1, "worker-1", 1), started(5.3, "worker-1", 2, 2)
    over = joined(0.2, "worker-1", 5, 11)[1]
    verdict = told_to_stop(again, put(5.4, KEY, 9, 12, over=over), deleted(8, KEY, 10))
    assert "was still there when the next incarnation wrote it at 5.40 s" in texts(verdict)[0]
    assert told_to_stop(again, put(5.4, KEY, 9, 12), deleted(8, KEY, 10)).outcome == "unknown"


def test_a_key_that_never_goes_is_violated():
    there = snapshot(8, 9, joined(0.2, "worker-1", 5, 11))
    assert "never went" in texts(told_to_stop(exited(5.2, "worker-1", 1), there))[0]
    assert "never went" in texts(told_to_stop(samples(5, 7.9, "worker-1", 5), there))[0]
    assert told_to_stop(there).outcome == "unknown"


def test_a_key_that_nobody_saw_go_is_unknown_where_the_watch_missed_something():
    assert told_to_stop(exited(5.2, "worker-1", 1), snapshot(8, 9)).outcome == "unknown"


def test_a_key_that_expired_in_time_by_chance_was_still_not_given_back():
    slow = kept(3.2, "worker-1", 11), deleted(5.3, KEY, 9)
    left = told_to_stop(slow, exited(5.1, "worker-1", 1), in_touch_until_s=3.0, revision=8)
    assert "had ended at 5.10 s" in texts(left)[0]
    assert told_to_stop(slow, revoked(5.3, "worker-1", 11), in_touch_until_s=3.0).outcome == "valid"
    assert told_to_stop(slow, exited(5.3, "worker-1", 1), in_touch_until_s=3.0).outcome == "unknown"


def test_a_worker_that_was_cut_off_when_told_to_stop_is_not_judged():
    cut = fault(4.5, "isolate", 0, "worker-1", cuts=cuts_around("worker-1"))
    assert told_to_stop(cut, deleted(7, KEY, 9)).outcome == "unknown"


def test_a_cut_that_begins_before_the_bound_is_over_makes_it_unknown():
    cut = fault(5.5, "isolate", 0, "worker-1", cuts=cuts_around("worker-1")), healed(7, "isolate", 0, "worker-1")
    assert told_to_stop(*cut, deleted(7.5, KEY, 9)).outcome == "unknown"


def test_an_outage_of_etcd_is_not_held_against_the_worker():
    assert told_to_stop(reached(5.02, 6.5, kind="fail"), deleted(7, KEY, 9)).outcome == "unknown"


def test_a_cut_long_after_the_stop_does_not_undo_the_verdict():
    cut = fault(7, "isolate", 0, "worker-1", cuts=cuts_around("worker-1"))
    late = samples(5, 6.9, "worker-1", 5), deleted(6.9, KEY, 9)
    assert told_to_stop(late, cut, revision=8).outcome == "violated"


def test_a_stalled_observer_gets_its_time_back():
    stalled = judged(
        NAME,
        run_begins(),
        started(0, "worker-1", 1),
        granted(4, "worker-1", 11),
        joined(4.1, "worker-1", 5, 11),
        samples(4.2, 4.9, "worker-1", 5),
        reached(4, 5.1, revision=5),
        signalled(5, "worker-1", 1, "TERM"),
        deleted(6.9, KEY, 9),
        revoked(6.95, "worker-1", 11),
        reached(6.9, 8, revision=9),
        plan=PLAN,
    )
    assert stalled.outcome == "valid"


def test_a_worker_that_no_lease_kept_online_is_not_judged():
    verdict = judged(NAME, run_begins(), started(0, "worker-1", 1), signalled(5, "worker-1", 1, "TERM"), plan=PLAN)
    assert verdict.outcome == "unknown"


@pytest.mark.parametrize(
    ("plan", "applies"),
    [
        (planned(), False),
        (planned(step("restart", "worker-1", signal="KILL", down_for=1.0)), False),
        (planned(step("restart", "client-1", signal="TERM", down_for=1.0)), False),
        (planned(step("kill", *WORKERS)), False),
        (PLAN, True),
    ],
)
def test_it_applies_where_a_worker_is_told_to_stop(plan, applies):
    assert INVARIANTS[NAME].applies(plan) is applies
