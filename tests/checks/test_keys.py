import pytest

from tests.checks.telling import (
    alive,
    deleted,
    entity,
    exited,
    granted,
    joined,
    judged,
    kept,
    listed,
    phase,
    put,
    reached,
    registered,
    run_begins,
    sampled,
    snapshot,
    started,
    texts,
)

JOINED = joined(0.2, "worker-1", 5, 11)
BEGUN = [
    started(0, "worker-1", 1),
    snapshot(0.1, 4),
    granted(0.15, "worker-1", 11),
    JOINED,
    registered(0.21, "worker-1", 11, 5),
    run_begins(),
    [kept(1 + number * 0.5, "worker-1", 11) for number in range(9)],
    [sampled(0.3 + number * 0.1, "worker-1", 5) for number in range(54)],
    reached(0, 6),
    phase(5, "heal"),
]


def together(*ops):
    return judged("lease-and-key-belong-together", *ops)


def ended(*puts, leases=(11,), revision=5):
    return [listed(5.7, revision, *leases), snapshot(5.71, revision, *puts)]


def test_a_key_under_the_lease_of_its_worker_is_valid():
    verdict = together(BEGUN, ended(JOINED))
    assert (verdict.outcome, verdict.summary) == ("valid", "1 registration, 1 listing of leases")


def test_no_history_is_unknown():
    assert together().outcome == "unknown"


def test_without_a_listing_of_leases_nobody_knows():
    verdict = together(BEGUN, snapshot(5.71, 5, JOINED))
    assert (verdict.outcome, verdict.missing) == ("unknown", "etcd's leases were not listed after the last heal")


def test_an_alive_key_without_a_lease_is_told():
    without = put(2, alive("worker-1"), 6, 0, entity("worker-1"), over=JOINED[1])
    assert any("was put without a lease at revision 6" in text for text in texts(together(BEGUN, without)))


def test_a_key_that_nobody_registered_may_have_no_lease():
    stray = put(2, alive("worker-4"), 6, 0, "")
    assert together(BEGUN, stray, ended(JOINED, stray, revision=6)).outcome == "valid"


def test_a_registration_under_another_lease_is_told():
    other = registered(2.1, "worker-1", 12, 6), put(2, alive("worker-1"), 6, 11, entity("worker-1"), over=JOINED[1])
    [text] = texts(together(BEGUN, other, ended(JOINED[0], other[1], revision=6)))
    assert "with lease 12 at revision 6, where its alive key was put under lease 11" in text


def test_a_registration_that_etcds_log_does_not_have_is_told():
    [text] = texts(together(BEGUN, registered(2.1, "worker-1", 11, 6), ended(JOINED, revision=7)))
    assert "at revision 6, where its alive key was not put" in text


def test_a_registration_beyond_the_log_is_not_looked_up():
    assert together(BEGUN, registered(5.9, "worker-1", 11, 9), ended(JOINED)).outcome == "valid"


def test_a_key_that_outlived_its_lease_is_told():
    gone = exited(2, "worker-1", 1)
    [text] = texts(together(BEGUN, gone, ended(JOINED, leases=())))
    assert text == (
        "the alive key of worker-1 outlived its lease 11: at 5.70 s etcd no longer had that, and it stood there at "
        "revision 5"
    )


def test_a_key_put_after_the_leases_were_listed_may_have_a_newer_one():
    newer = put(5.705, alive("worker-1"), 6, 12, entity("worker-1"), over=JOINED[1])
    late = [listed(5.7, 5, 11), snapshot(5.71, 6, JOINED[0], newer)]
    assert together(BEGUN, granted(5.701, "worker-1", 12), newer, late).outcome == "valid"


@pytest.mark.parametrize(
    ("since_s", "outcome"),
    [(3, "violated"), (5.5, "valid")],
)
def test_a_worker_may_not_know_for_a_refresh_that_its_key_is_gone(since_s, outcome):
    verdict = together(BEGUN, deleted(since_s, alive("worker-1"), 6), ended(JOINED[0], revision=6))
    assert verdict.outcome == outcome
    assert all("renews lease 11, but its alive key is not there at revision 6" in text for text in texts(verdict))


def test_a_worker_whose_lease_is_gone_too_is_nobodys_fault_here():
    verdict = together(BEGUN, deleted(3, alive("worker-1"), 6), ended(JOINED[0], leases=(), revision=6))
    assert verdict.outcome == "valid"
