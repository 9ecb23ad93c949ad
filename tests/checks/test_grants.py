from dataclasses import replace

import pytest

from harness.core.plan import Neighbour
from tests.checks.telling import (
    PLAN,
    alive,
    deleted,
    exited,
    fault,
    granted,
    healed,
    joined,
    judged,
    kept,
    listed,
    phase,
    planned,
    reached,
    registered,
    revoked,
    run_begins,
    sampled,
    samples,
    snapshot,
    started,
    step,
    texts,
)

JOINED = joined(0.2, "worker-1", 5, 11)
BEGUN = [
    snapshot(0.1, 4),
    started(0, "worker-1", 1),
    granted(0.15, "worker-1", 11),
    JOINED,
    registered(0.21, "worker-1", 11, 5),
    run_begins(),
    reached(0, 20),
    phase(10, "heal"),
]
KEPT = [kept(1 + number * 0.5, "worker-1", 11) for number in range(20)]
ONLINE = samples(0.3, 11.9, "worker-1", 5)


def bounded(*ops, plan=PLAN):
    return judged("leases-are-bounded", *ops, plan=plan)


def ended(*leases):
    return listed(12, 5, *leases)


def test_one_lease_of_one_process_is_valid():
    verdict = bounded(BEGUN, KEPT, ONLINE, ended(11))
    assert (verdict.outcome, verdict.summary) == ("valid", "1 lease granted, 1 in etcd at the end")


def test_no_history_is_unknown():
    assert bounded().outcome == "unknown"


def test_without_a_listing_at_the_end_nobody_knows():
    assert bounded(BEGUN, KEPT, listed(5, 5, 11)).outcome == "unknown"


def test_a_listing_while_etcd_is_in_trouble_is_none():
    away = reached(11, 12.5, kind="fail")
    assert bounded(BEGUN[:-2], reached(0, 10.9), phase(10, "heal"), KEPT, away, ended(11)).outcome == "unknown"
    both = listed(10.5, 5, 11), ended(11)
    assert bounded(BEGUN[:-2], reached(0, 10.9), phase(10, "heal"), KEPT, away, both).outcome == "valid"


def test_another_lease_while_the_last_one_lives_is_told():
    [text] = texts(bounded(BEGUN, KEPT[:3], granted(3, "worker-1", 12), ONLINE, ended(12)))
    assert text == (
        "worker-1 was granted lease 12 at 3.00 s, though its lease 11 lived until 4.00 s at least and had lost no key"
    )


@pytest.mark.parametrize(
    "cause",
    [
        [granted(4.1, "worker-1", 12)],
        [deleted(3.1, alive("worker-1"), 6), granted(3, "worker-1", 12)],
        [revoked(2.9, "worker-1", 11), granted(3, "worker-1", 12)],
        [exited(2.5, "worker-1", 1), started(2.6, "worker-1", 2, 2), granted(3, "worker-1", 12)],
    ],
    ids=["it ran out", "its key was deleted", "it was given back", "another process"],
)
def test_a_new_lease_has_a_cause(cause):
    assert bounded(BEGUN, KEPT[:3], cause, ended(12)).outcome == "valid"


def test_a_lease_that_was_never_registered_may_have_been_refused_while_etcd_was_away():
    again = granted(3, "worker-2", 21), granted(3.5, "worker-2", 22)
    assert bounded(BEGUN, KEPT, again, ended(11, 22)).outcome == "violated"
    plan = planned(step("pause", "etcd-1", for_s=0.3))
    away = fault(3.1, "pause", 0, "etcd-1"), healed(3.3, "pause", 0, "etcd-1")
    assert bounded(BEGUN, KEPT, again, away, ended(11, 22), plan=plan).outcome == "valid"


def test_a_lease_that_its_process_left_long_since_is_told():
    left = exited(3, "worker-1", 1)
    [text] = texts(bounded(BEGUN, KEPT[:3], left, ended(11)))
    assert text == "etcd still has lease 11 at 12.00 s, which worker-1 left at 3.00 s and which lasts 2 s"
    assert bounded(BEGUN, KEPT, exited(11, "worker-1", 1), ended(11)).outcome == "valid"


def test_a_lease_that_etcd_gave_its_full_time_again_may_last_longer():
    plan = planned(step("pause", "etcd-1", for_s=6))
    away = fault(3.1, "pause", 0, "etcd-1"), healed(9, "pause", 0, "etcd-1")
    assert bounded(BEGUN, KEPT[:3], exited(3, "worker-1", 1), away, ended(11), plan=plan).outcome == "valid"


def test_leases_that_nobody_was_granted_are_told_at_a_calm_end():
    [text] = texts(bounded(BEGUN, KEPT, ONLINE, ended(11, 98, 99)))
    assert text == "etcd has 2 leases that nobody was granted: 98, 99 at 12.00 s"


@pytest.mark.parametrize(
    "stir",
    [
        [granted(11, "worker-2", 21), exited(11.5, "worker-2", 2)],
        [sampled(11.95, "worker-1", 5, state="joining")],
        [*fault(9, "pause", 0, "etcd-1"), *healed(10.5, "pause", 0, "etcd-1")],
    ],
    ids=["a grant", "a worker that joins", "etcd was away"],
)
def test_a_grant_whose_answer_was_lost_explains_a_lease_for_as_long_as_it_lasts(stir):
    assert bounded(BEGUN, KEPT, ONLINE, stir, ended(11, 99)).outcome == "valid"


def test_the_neighbours_leases_are_theirs():
    plan = replace(PLAN, neighbour=Neighbour("told1", ("neighbour-1",)))
    theirs = granted(0.3, "neighbour-1", 31)
    assert bounded(BEGUN, KEPT, ONLINE, theirs, ended(11, 31), plan=plan).outcome == "valid"
    assert bounded(BEGUN, KEPT, ONLINE, theirs, ended(11, 32), plan=plan).outcome == "violated"
