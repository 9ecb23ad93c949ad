import pytest

from tests.checks.telling import (
    alive,
    cuts_around,
    deleted,
    exited,
    fault,
    healed,
    judged,
    phase,
    planned,
    put,
    reached,
    sampled,
    signalled,
    snapshot,
    started,
    texts,
    viewed,
)
from tests.checks.two_workers import BOTH, LAST, LOG, WORKER_1, WORKER_2

STARTED = [started(0, "worker-1", 1), started(0, "client-1", 7)]
RIGHT = {"online": ["worker-1"], "offline": ["worker-2"]}


def in_the_end(*ops, plan=None, last_s=40.0):
    """Healed at 5 s, the last snapshot at `last_s`; 30 s are allowed."""
    last = snapshot(last_s, 8, WORKER_1, WORKER_2[0])
    return judged("views-agree-in-the-end", LOG, STARTED, phase(5, "heal"), *ops, last, plan=plan or planned())


def last_words(name, pid, content=RIGHT, seconds=6.0):
    return [sampled(seconds, name, 8, pid=pid), viewed(seconds + 0.001, name, 8, pid=pid, **content)]


def test_views_that_come_to_agree_are_valid_and_the_time_they_took_is_told():
    verdict = in_the_end(last_words("worker-1", 1), last_words("client-1", 7, seconds=6.5))
    assert verdict.outcome == "valid"
    assert verdict.summary == "2 nodes agree 1.50 s after the last heal, 30 s are allowed"


def test_a_view_that_still_differs_after_the_bound_is_violated():
    verdict = in_the_end(last_words("worker-1", 1), last_words("client-1", 7, {"online": BOTH}))
    assert texts(verdict) == [
        "client-1 has worker-2 online at worker-2:28080 at revision 8, etcd has worker-2 offline at worker-2:28080 "
        "at revision 8, 35.00 s after the last heal"
    ]


def test_who_has_not_seen_what_changed_just_before_the_end_is_not_blamed():
    change = put(39.8, WORKER_2[0].value["key"], 8, text=WORKER_2[0].value["text"], over=WORKER_2[0])
    verdict = in_the_end(last_words("worker-1", 1), last_words("client-1", 7, {"online": BOTH}), change)
    assert verdict.outcome == "unknown"


def test_who_differs_just_after_etcd_answered_late_is_not_blamed():
    ops = last_words("worker-1", 1), last_words("client-1", 7, {"online": BOTH})
    assert in_the_end(*ops, reached(39, 39, took=0.9)).outcome == "unknown"


def test_a_node_without_a_view_disagrees():
    verdict = in_the_end(last_words("worker-1", 1), sampled(6, "client-1", None, pid=7))
    assert texts(verdict) == ["client-1 has no view, 35.00 s after the last heal"]


def alone(*ops, last_s=40.0):
    """worker-1 runs and answers, and etcd has it offline; client-1 agrees with etcd."""
    offline = {"online": [], "offline": ["worker-1"]}
    log = [snapshot(0.1, 4, WORKER_1[0])]
    said = sampled(6, "worker-1", 4, state="joining"), viewed(6.001, "worker-1", 4, **offline)
    client = sampled(6, "client-1", 4, pid=7), viewed(6.001, "client-1", 4, pid=7, **offline)
    last = snapshot(last_s, 4, WORKER_1[0])
    return judged("views-agree-in-the-end", log, STARTED, phase(5, "heal"), said, client, *ops, last)


def test_a_worker_that_runs_and_does_not_come_back_is_violated():
    assert texts(alone()) == [
        "worker-1 runs and is not online at revision 4; it says that it is joining, 35.00 s after the last heal"
    ]


def test_a_worker_that_is_on_its_way_back_before_the_bound_is_unknown():
    assert alone(last_s=20.0).outcome == "unknown"


@pytest.mark.parametrize("ops", [exited(7, "worker-1", 1), sampled(7, "worker-1", 4, state="removed")])
def test_a_worker_that_ended_or_was_removed_need_not_come_back(ops):
    assert alone(ops).outcome == "valid"


def test_one_that_nobody_is_and_that_is_online_to_the_end_is_violated():
    last_words_of_both = last_words("worker-1", 1), last_words("client-1", 7)
    verdict = in_the_end(*last_words_of_both, exited(7, "worker-1", 1))
    assert texts(verdict) == ["worker-1 is online at revision 8, and no such worker runs, 35.00 s after the last heal"]


def test_a_difference_before_the_bound_is_over_is_unknown():
    ops = last_words("worker-1", 1), last_words("client-1", 7, {"online": BOTH})
    assert in_the_end(*ops, last_s=20.0).outcome == "unknown"


@pytest.mark.parametrize(
    "excuse",
    [
        exited(4, "client-1", 7),
        signalled(4, "client-1", 7, "STOP"),
        fault(4, "isolate", 0, "client-1", cuts=cuts_around("client-1")),
        [
            *fault(4, "isolate", 0, "client-1", cuts=cuts_around("client-1")),
            *healed(4.5, "isolate", 0, "client-1", heal="absent"),
        ],
    ],
    ids=["ended", "paused", "cut off", "not healed"],
)
def test_who_is_not_running_or_not_healed_is_not_judged(excuse):
    wrong = last_words("client-1", 7, {"online": BOTH}, seconds=3.5)
    assert in_the_end(last_words("worker-1", 1), wrong, excuse).outcome != "violated"


def test_a_wrong_node_that_was_not_heard_after_the_heal_is_unknown():
    verdict = in_the_end(last_words("worker-1", 1), last_words("client-1", 7, {"online": BOTH}, seconds=4))
    assert (verdict.outcome, verdict.missing) == ("unknown", "client-1 could not be asked, or healed, before the end")


def test_what_happens_during_the_stop_is_not_the_end():
    stop = [phase(41, "stop", "invoke"), deleted(42, alive("worker-1"), 9), snapshot(43, 9)]
    assert in_the_end(last_words("worker-1", 1), last_words("client-1", 7), stop).outcome == "valid"


def test_in_a_run_that_never_healed_nobody_is_counted():
    assert judged("views-agree-in-the-end", LOG, STARTED, LAST).summary == "no view compared"


def test_where_nobody_who_has_a_view_is_left_nobody_agrees():
    verdict = judged("views-agree-in-the-end", snapshot(0.1, 4), phase(5, "heal"), snapshot(9, 4))
    assert verdict.summary == "no view compared"
    assert verdict.missing == "no node that has a view was running at the end"
