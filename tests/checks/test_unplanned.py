import pytest

from tests.checks.telling import (
    CLUSTER,
    IDS,
    cuts_around,
    deleted,
    fault,
    judged,
    op,
    planned,
    run_begins,
    sampled,
    step,
)


def lost(seconds, name):
    return op(seconds, name, "lease-lost", {"lease": 11, "reason": "a keepalive found it gone"})


def unplanned(*ops):
    return judged(
        "nothing-unplanned", run_begins(), sampled(0.1, "worker-1", 4), *ops, plan=planned(step("pause", "worker-1"))
    )


def test_a_lease_lost_by_a_worker_that_a_step_had_touched_is_valid():
    assert unplanned(fault(1, "pause", 0, "worker-1"), lost(4, "worker-1")).outcome == "valid"


def test_a_lease_lost_by_another_worker_is_unknown_and_told():
    verdict = unplanned(fault(1, "pause", 0, "worker-1"), lost(4, "worker-2"))
    assert verdict.missing == (
        "worker-2 lost its lease at 4.00 s (a keepalive found it gone), and no step had touched it"
    )


def test_a_step_explains_only_what_comes_after_it():
    assert unplanned(lost(0.5, "worker-1"), fault(1, "pause", 0, "worker-1")).outcome == "unknown"


def test_a_worker_that_was_fenced_though_nothing_befell_it_is_told():
    assert "worker-2 could not renew its lease" in unplanned(op(4, "worker-2", "fence", {"lease": 11})).missing


@pytest.mark.parametrize(
    "trouble",
    [fault(1, "pause", 0, "etcd-1"), fault(1, "isolate", 0, "etcd-1", cuts=cuts_around("etcd-1"))],
    ids=["paused", "cut off"],
)
def test_a_step_that_touches_etcd_touches_every_worker(trouble):
    assert unplanned(trouble, lost(4, "worker-3")).outcome == "valid"


def test_a_worker_that_was_removed_by_a_stranger_is_told():
    removed = op(4, "worker-2", "removed", {"id": "worker-b"})
    assert "worker-2 was removed at 4.00 s" in unplanned(removed).missing


def removal(*ops):
    key = f"/DHT/{CLUSTER}/AUTHORIZED/{IDS['worker-1']}"
    return unplanned(fault(1, "pause", 0, "worker-1"), deleted(4, key, 9), *ops)


def test_a_removal_that_no_step_asked_for_is_told_whatever_had_touched_the_worker():
    assert removal().missing == "worker-1 was removed at 4.00 s, which no step asked for"


def test_a_removal_by_the_operator_is_a_steps():
    assert removal(op(3.9, "operator", "remove-worker", {"id": IDS["worker-1"]}, "invoke", id=1)).outcome == "valid"


def test_nothing_that_happened_is_valid():
    assert unplanned().outcome == "valid"
