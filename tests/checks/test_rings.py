from dataclasses import replace

import pytest

from harness.checks import INVARIANTS
from tests.checks.telling import (
    IDS,
    KEYS,
    PLAN,
    WORKERS,
    exited,
    judged,
    looked_up,
    owner_of,
    planned,
    read,
    run_begins,
    sampled,
    started,
    step,
    texts,
    viewed,
)

KEY = KEYS[0]
OWNER = owner_of(KEY)
OTHER = next(name for name in WORKERS if name != OWNER)
LEFT = tuple(name for name in WORKERS if name != OWNER)
HEIR = owner_of(KEY, LEFT)
STATIC = replace(PLAN, properties={**PLAN.properties, "alluxio.user.dynamic.consistent.hash.ring.enabled": "false"})
IN_VIEW, THE_RINGS, RESTART = "owner-is-in-the-view", "owner-is-the-rings", "restart-moves-nothing"


@pytest.mark.parametrize("name", [IN_VIEW, THE_RINGS])
def test_the_right_owner_of_the_view_used_is_valid(name):
    verdict = judged(name, run_begins(), viewed(1, "client-1", 5), looked_up(2, KEY, OWNER, 5), read(3, KEY, OWNER, 5))
    assert (verdict.outcome, verdict.examined["routes"]) == ("valid", 2)


@pytest.mark.parametrize("name", [IN_VIEW, THE_RINGS])
def test_a_lookup_that_is_recorded_before_its_view_waits_for_it(name):
    early = looked_up(0.9, KEY, OWNER, 5), viewed(1, "client-1", 5)
    assert judged(name, *early).outcome == "valid"


@pytest.mark.parametrize("name", [IN_VIEW, THE_RINGS])
def test_a_stale_view_is_not_flagged(name):
    stale = (
        viewed(1, "client-1", 5),
        viewed(2, "client-1", 6, online=LEFT, offline=[OWNER]),
        looked_up(3, KEY, OWNER, 5),
    )
    assert judged(name, *stale).outcome == "valid"


@pytest.mark.parametrize("name", [IN_VIEW, THE_RINGS])
def test_lookups_without_a_recorded_view_are_unexamined(name):
    lost = (
        looked_up(1, KEY, OTHER, 5),
        viewed(2, "client-1", 6),
        looked_up(3, KEY, OTHER, 5),
        looked_up(4, KEY, OTHER, 9),
    )
    verdict = judged(name, *lost)
    assert (verdict.outcome, verdict.examined["unexamined"]) == ("unknown", 3)


@pytest.mark.parametrize("name", [IN_VIEW, THE_RINGS])
def test_at_least_half_of_the_lookups_must_be_examined(name):
    known = viewed(1, "client-1", 5), looked_up(2, KEY, OWNER, 5)
    half = judged(name, known, looked_up(4, KEY, OWNER, 9))
    less = judged(name, known, looked_up(4, KEY, OWNER, 9), looked_up(5, KEY, OWNER, 9))
    assert (half.outcome, less.outcome) == ("valid", "unknown")
    assert less.missing == "only 1 of 3 lookups and reads were made with a view that is known"


@pytest.mark.parametrize("name", [IN_VIEW, THE_RINGS])
def test_no_lookups_are_unknown(name):
    assert judged(name, viewed(1, "client-1", 5)).outcome == "unknown"


@pytest.mark.parametrize("name", [IN_VIEW, THE_RINGS, "reads-are-what-the-ufs-holds"])
def test_routing_is_not_judged_without_clients(name):
    assert not INVARIANTS[name].applies(planned(clients=()))


def test_an_owner_that_is_not_in_the_view_is_violated():
    verdict = judged(
        IN_VIEW, run_begins(), viewed(1, "client-1", 5, online=LEFT, offline=[OWNER]), looked_up(2, KEY, OWNER, 5)
    )
    assert texts(verdict) == [
        f"client-1 took {OWNER} for the owner of {KEY} at revision 5 (2.00 s); "
        f"on the ring of that view there are {LEFT[0]}, {LEFT[1]}"
    ]


def test_with_a_static_ring_the_offline_own_keys_too():
    view = viewed(1, "client-1", 5, online=LEFT, offline=[OWNER])
    for name in (IN_VIEW, THE_RINGS):
        assert judged(name, view, looked_up(2, KEY, OWNER, 5), plan=STATIC).outcome == "valid"
    assert judged(THE_RINGS, view, looked_up(2, KEY, HEIR, 5), plan=STATIC).outcome == "violated"


def test_nobody_owns_a_key_of_an_empty_ring():
    empty = viewed(1, "client-1", 5, online=[], offline=WORKERS)
    assert judged(IN_VIEW, empty, looked_up(2, KEY, None, 5)).outcome == "valid"
    assert judged(IN_VIEW, empty, looked_up(2, KEY, OWNER, 5)).outcome == "violated"
    assert judged(IN_VIEW, viewed(1, "client-1", 5), looked_up(2, KEY, None, 5)).outcome == "violated"


def test_another_owner_than_the_rings_is_violated():
    verdict = judged(THE_RINGS, run_begins(), viewed(1, "client-1", 5), looked_up(2, KEY, OTHER, 5))
    assert texts(verdict) == [
        f"client-1 took {OTHER} for the owner of {KEY} at revision 5 (2.00 s); on the ring of that view it is {OWNER}"
    ]


def test_many_violations_are_counted_and_few_are_kept():
    wrong = [looked_up(2 + number / 100, KEY, OTHER, 5) for number in range(50)]
    verdict = judged(THE_RINGS, viewed(1, "client-1", 5), *wrong)
    assert (len(verdict.violations), verdict.examined["violations"]) == (20, 50)


# restart-moves-nothing


def restarted(*ops, id=None):
    """worker-1 is restarted from 4 s to 5 s."""
    return judged(
        RESTART,
        run_begins(),
        started(0, "worker-1", 1),
        sampled(1, "worker-1", 5),
        viewed(1, "client-1", 5),
        looked_up(2, KEY, OWNER, 5),
        exited(4, "worker-1", 1),
        started(5, "worker-1", 2, 2),
        sampled(6, "worker-1", 7, pid=2, id=id),
        *ops,
    )


def test_the_same_identity_and_owner_after_a_restart_are_valid():
    verdict = restarted(viewed(6, "client-1", 7), looked_up(7, KEY, OWNER, 7))
    assert (verdict.outcome, verdict.summary) == ("valid", "1 restart of workers, 1 owner before and after one")


def test_another_identity_after_a_restart_is_violated():
    verdict = restarted(id=IDS["worker-4"])
    assert texts(verdict) == [
        f"worker-1 was {IDS['worker-1']} until its restart at 5.00 s, and is {IDS['worker-4']} since (6.00 s)"
    ]


def test_another_owner_with_equal_members_after_a_restart_is_violated():
    verdict = restarted(viewed(6, "client-1", 7), looked_up(7, KEY, OTHER, 7))
    assert texts(verdict) == [
        f"client-1 took {OWNER} for the owner of {KEY} at revision 5 (2.00 s) and {OTHER} at revision 7 (7.00 s), "
        "with the same members and nothing but a restart in between"
    ]


def test_other_members_may_have_another_owner():
    verdict = restarted(viewed(6, "client-1", 7, online=LEFT), looked_up(7, KEY, HEIR, 7))
    assert (verdict.outcome, verdict.examined["owners_compared"]) == ("valid", 0)


def test_two_clients_that_disagree_are_not_a_restarts_doing():
    other = viewed(6, "client-2", 7), looked_up(7, KEY, OTHER, 7, client="client-2")
    assert restarted(*other).outcome == "valid"


def test_an_owner_that_changes_without_a_restart_is_not_this_ones_business():
    verdict = judged(RESTART, viewed(1, "client-1", 5), looked_up(2, KEY, OWNER, 5), looked_up(3, KEY, OTHER, 5))
    assert verdict.outcome == "unknown"


@pytest.mark.parametrize(
    ("plan", "applies"),
    [
        (planned(), False),
        (planned(step("kill", "worker-1")), False),
        (planned(step("kill", "worker-1", for_s=2.0)), True),
        (planned(step("restart", "client-1", down_for=1.0)), True),
        (planned(step("restart", "etcd-1", down_for=1.0)), False),
        (planned(step("pause", "worker-1", for_s=2.0)), False),
    ],
)
def test_it_applies_where_somebody_starts_again(plan, applies):
    assert INVARIANTS[RESTART].applies(plan) is applies
