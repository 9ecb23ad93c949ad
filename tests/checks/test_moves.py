from dataclasses import replace

import pytest

from harness.checks import INVARIANTS
from tests.checks.telling import (
    IDS,
    KEYS,
    PLAN,
    WORKERS,
    alive,
    deleted,
    joined,
    judged,
    looked_up,
    owner_of,
    planned,
    put,
    run_begins,
    samples,
    snapshot,
    step,
    texts,
    viewed,
)

MOVES, CAUSE = "keys-move-only-with-members", "no-ring-change-without-cause"
KEY = KEYS[0]
OWNER = owner_of(KEY)
LEFT = tuple(name for name in WORKERS if name != OWNER)
HEIR = owner_of(KEY, LEFT)
OTHER = next(name for name in LEFT if name != HEIR)
WITHOUT_OTHER = tuple(name for name in WORKERS if name != OTHER)
STATIC = {**PLAN.properties, "alluxio.user.dynamic.consistent.hash.ring.enabled": "false"}


# keys-move-only-with-members


def asked(*answers, client="client-1"):
    """Pairs of members and owner, one after the other, each at a revision of its own."""
    return [
        (viewed(revision, client, revision, online=members), looked_up(revision + 0.5, KEY, owner, revision, client))
        for revision, (members, owner) in enumerate(answers, 5)
    ]


def test_a_key_goes_from_who_left_and_back_when_it_joins():
    verdict = judged(MOVES, run_begins(), asked((WORKERS, OWNER), (LEFT, HEIR), (WORKERS, OWNER)))
    assert (verdict.outcome, verdict.examined["moved"]) == ("valid", 2)
    assert verdict.summary == "2 owners before and after a change of members, 2 moved"


def test_a_key_that_moves_between_workers_that_both_stay_is_violated():
    verdict = judged(MOVES, run_begins(), asked((WORKERS, OWNER), (WITHOUT_OTHER, HEIR)))
    assert texts(verdict) == [
        f"client-1 took {OWNER} for the owner of {KEY} at revision 5 (5.50 s) and {HEIR} at revision 6 (6.50 s), "
        "and both were on the ring both times"
    ]


def test_a_key_that_stays_while_another_worker_leaves_is_valid():
    verdict = judged(MOVES, asked((WORKERS, OWNER), (WITHOUT_OTHER, OWNER)))
    assert (verdict.outcome, verdict.examined["compared"], verdict.examined["moved"]) == ("valid", 1, 0)


def test_a_key_that_moves_with_nobody_coming_or_going_is_violated():
    assert judged(MOVES, asked((WORKERS, OWNER), (WORKERS, HEIR))).outcome == "violated"


def test_several_changes_between_two_answers_are_judged_together():
    both = (OTHER, HEIR, "worker-4")
    assert judged(MOVES, asked((WORKERS, OWNER), (both, "worker-4"))).outcome == "valid"
    assert judged(MOVES, asked((WITHOUT_OTHER, OWNER), ((*WITHOUT_OTHER, "worker-4"), HEIR))).outcome == "violated"


def test_answers_of_two_clients_are_not_compared():
    two = asked((WORKERS, OWNER)), asked((WITHOUT_OTHER, HEIR), client="client-2")
    assert judged(MOVES, *two).outcome == "unknown"


def test_without_an_answer_before_and_after_a_change_it_is_unknown():
    verdict = judged(MOVES, asked((WORKERS, OWNER), (WORKERS, OWNER)))
    assert (verdict.outcome, verdict.missing) == ("unknown", "no client was asked for a key before and after a change")
    assert judged(MOVES).outcome == "unknown"


@pytest.mark.parametrize(
    ("plan", "applies"),
    [
        (planned(step("restart", "worker-1", signal="TERM", down_for=3.0)), True),
        (planned(step("restart", "worker-1", signal="TERM", down_for=0.5)), False),
        (planned(step("restart", "worker-1", signal="KILL", down_for=3.0)), False),
        (planned(step("kill", "worker-1", for_s=5.0)), True),
        (planned(step("kill", "worker-1", for_s=5.0), clients=()), False),
        (planned(step("kill", "worker-1", for_s=5.0), properties=STATIC), False),
        (planned(step("kill", "client-1", for_s=5.0)), False),
        (planned(), False),
    ],
)
def test_it_applies_where_clients_see_the_ring_change(plan, applies):
    assert INVARIANTS[MOVES].applies(plan) is applies


# no-ring-change-without-cause


def log(*events, last=12):
    """All three workers are there from revision 4 on."""
    there = [joined(-1, name, 4, 10 + number) for number, name in enumerate(WORKERS)]
    held = [[one for one in of if one.value["key"] not in {e.value["key"] for e in events}] for of in there]
    back = [event for event in events if event.f == "put"]
    return [snapshot(-0.5, 4, there), events, snapshot(19, last, held, back), samples(0, 2, "client-1", 5)]


def gone_and_back(worker, gone_at, back_at):
    text = joined(0, worker, 1, 1)[1].value["text"]
    return deleted(2, alive(worker), gone_at), put(3, alive(worker), back_at, 77, text)


def test_a_member_that_leaves_and_returns_as_etcd_says_is_valid():
    views = viewed(1, "client-1", 5), viewed(2, "client-1", 6, online=LEFT, offline=[OWNER]), viewed(3, "client-1", 8)
    verdict = judged(CAUSE, run_begins(), log(*gone_and_back(OWNER, 6, 8)), views)
    assert (verdict.outcome, verdict.examined["changes"]) == ("valid", 2)


def test_a_member_that_leaves_and_returns_for_no_reason_is_violated():
    views = viewed(1, "client-1", 5), viewed(2, "client-1", 6, online=LEFT), viewed(3, "client-1", 7)
    verdict = judged(CAUSE, run_begins(), log(), views)
    assert texts(verdict) == [
        f"{OWNER} left client-1's ring between revision 5 (1.00 s) and revision 6 (2.00 s); etcd's record of it was "
        "not written in between",
        f"{OWNER} joined client-1's ring between revision 6 (2.00 s) and revision 7 (3.00 s); etcd's record of it was "
        "not written in between",
    ]


def test_one_cause_is_enough_for_one_change_only():
    views = [
        viewed(1, "client-1", 5),
        viewed(2, "client-1", 6, online=LEFT),
        viewed(3, "client-1", 8),
        viewed(4, "client-1", 9, online=LEFT),
    ]
    assert len(texts(judged(CAUSE, log(*gone_and_back(OWNER, 6, 8)), views))) == 1


def test_the_record_of_another_member_is_no_cause():
    views = viewed(1, "client-1", 5), viewed(2, "client-1", 6, online=LEFT)
    assert judged(CAUSE, log(*gone_and_back(HEIR, 6, 8)), views).outcome == "violated"


def test_a_change_at_one_revision_is_violated():
    views = viewed(1, "client-1", 6), viewed(2, "client-1", 6, online=LEFT)
    assert judged(CAUSE, log(*gone_and_back(OWNER, 6, 8)), views).outcome == "violated"


def test_another_process_may_see_what_it_likes_first():
    views = viewed(1, "client-1", 5), viewed(2, "client-1", 5, online=LEFT, pid=2)
    assert judged(CAUSE, log(), views).outcome == "valid"


def test_going_back_to_what_etcd_held_then_is_not_this_ones_business():
    views = viewed(1, "client-1", 8), viewed(2, "client-1", 6, online=LEFT, offline=[OWNER])
    assert judged(CAUSE, log(*gone_and_back(OWNER, 6, 8)), views).outcome == "valid"


def test_a_record_under_the_key_of_another_is_a_cause():
    text = joined(0, "worker-4", 1, 1)[1].value["text"]
    strange = put(2, alive("worker-1") + "-copy", 6, 0, text), put(2, on_record_copy(), 6, 0, text)
    views = viewed(1, "client-1", 5), viewed(2, "client-1", 6, online=(*WORKERS, "worker-4"))
    assert judged(CAUSE, log(*strange), views).outcome == "valid"


def on_record_copy():
    return f"/DHT/{PLAN.properties['alluxio.cluster.name']}/AUTHORIZED/{IDS['worker-1']}-copy"


def test_where_the_log_covers_less_than_half_of_the_changes_it_is_unknown():
    views = [viewed(1, "client-1", 3), viewed(2, "client-1", 5, online=LEFT), viewed(3, "client-1", 99)]
    verdict = judged(CAUSE, log(*gone_and_back(OWNER, 6, 8)), views)
    assert (verdict.outcome, verdict.examined["unexamined"]) == ("unknown", 2)
    assert verdict.missing == "only 0 of 2 changes are between revisions that the log covers"
    half = views[1], viewed(2.5, "client-1", 8), viewed(3, "client-1", 99, online=LEFT)
    assert judged(CAUSE, log(*gone_and_back(OWNER, 6, 8)), half).outcome == "valid"


def test_a_log_that_misses_something_makes_it_unknown():
    views = viewed(1, "client-1", 5), viewed(2, "client-1", 6, online=LEFT)
    assert judged(CAUSE, log()[:1], views).outcome == "unknown"


def test_nobody_who_tells_its_view_twice_makes_it_unknown():
    assert judged(CAUSE, log()[:-1], viewed(1, "client-1", 5)).missing == "no process told its view twice"
    assert judged(CAUSE, log()[:-1], viewed(1, "client-1", 5), viewed(2, "client-1", 6)).outcome == "valid"


def test_answers_without_a_view_or_of_another_process_tell_no_view_twice():
    early, later = samples(0, 0.9, "client-1", None, state="no-view"), samples(2, 3, "client-1", 5, pid=2)
    assert judged(CAUSE, log()[:-1], early, viewed(1, "client-1", 5), later).outcome == "unknown"
    assert judged(CAUSE, log()[:-1], early, viewed(1, "client-1", 5), samples(2, 3, "client-1", 5)).outcome == "valid"


def test_it_applies_to_every_plan():
    assert INVARIANTS[CAUSE].applies(replace(PLAN, clients=()))
