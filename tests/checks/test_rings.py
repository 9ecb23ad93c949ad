from dataclasses import replace

import pytest

from harness.checks import INVARIANTS
from tests.checks.telling import (
    KEYS,
    PLAN,
    WORKERS,
    judged,
    looked_up,
    owner_of,
    planned,
    read,
    run_begins,
    texts,
    viewed,
)

KEY = KEYS[0]
OWNER = owner_of(KEY)
OTHER = next(name for name in WORKERS if name != OWNER)
LEFT = tuple(name for name in WORKERS if name != OWNER)
HEIR = owner_of(KEY, LEFT)
STATIC = replace(PLAN, properties={**PLAN.properties, "alluxio.user.dynamic.consistent.hash.ring.enabled": "false"})
IN_VIEW, THE_RINGS = "owner-is-in-the-view", "owner-is-the-rings"


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
