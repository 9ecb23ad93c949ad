from dataclasses import replace

import pytest

from harness.checks import INVARIANTS
from harness.core.plan import Step, Workload
from tests.checks.telling import (
    IDS,
    KEYS,
    PLAN,
    WORKERS,
    asked_for,
    exited,
    judged,
    looked_up,
    op,
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

RESTART = "restart-moves-nothing"
KEY = KEYS[0]
OWNER = owner_of(KEY)
OTHER = next(name for name in WORKERS if name != OWNER)
LEFT = tuple(name for name in WORKERS if name != OWNER)
HEIR = owner_of(KEY, LEFT)
MINE = next(key for key in KEYS if owner_of(key) == "worker-1")


def restarted(*ops, id=None, plan=PLAN):
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
        plan=plan,
    )


def test_the_same_identity_and_owner_after_a_restart_are_valid():
    verdict = restarted(viewed(6, "client-1", 7), looked_up(7, KEY, OWNER, 7))
    assert (verdict.outcome, verdict.summary) == (
        "valid",
        "1 restart of workers, 1 owner and 0 cached files before and after one",
    )


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


RESTARTED = planned(Step("restart", {"targets": ["worker-1"], "down_for": 1.0}, at_s=4.0), duration_s=20.0)
FEW_KEYS = Workload(tuple(f"file:///ufs/key-{number}" for number in range(30)), 10.0, 40.0)


def test_an_identity_that_is_seen_on_one_side_of_the_restart_only_is_missed():
    ops = restarted(viewed(6, "client-1", 7), looked_up(7, KEY, OWNER, 7))
    assert ops.outcome == "valid"
    unseen = judged(
        RESTART,
        started(0, "worker-1", 1),
        viewed(1, "client-1", 5),
        looked_up(2, KEY, OWNER, 5),
        started(5, "worker-1", 2, 2),
        looked_up(7, KEY, OWNER, 5),
        plan=RESTARTED,
    )
    assert (unseen.outcome, unseen.missing) == ("unknown", "no worker told its identity before and after a restart")


def test_owners_that_are_seen_on_one_side_of_the_restart_only_are_missed_where_they_should_be_seen():
    after = viewed(6, "client-1", 7), looked_up(7, KEY, OWNER, 7)
    assert restarted(*after, plan=RESTARTED).outcome == "valid"
    verdict = restarted(plan=RESTARTED)
    missing = "no client was asked for a key before and after a restart, with equal members"
    assert (verdict.outcome, verdict.missing) == ("unknown", missing)
    gone = replace(RESTARTED, steps=(*RESTARTED.steps, step("decommission", "worker-3")))
    assert restarted(plan=gone).outcome == "valid"
    assert restarted(
        plan=replace(RESTARTED, workload=replace(PLAN.workload, lookups_per_s=1, reads_per_s=1))
    ).outcome == ("valid")


def test_cached_files_that_are_not_read_again_are_missed_where_they_should_be():
    after = viewed(6, "client-1", 7), looked_up(7, KEY, OWNER, 7)
    often = replace(RESTARTED, workload=FEW_KEYS)
    missing = "no worker was asked for a file that it had cached before its restart"
    assert restarted(*after, plan=often).missing == missing
    assert restarted(*after, BEFORE, served(6, 6.1, 2, 0), plan=often).outcome == "valid"
    assert restarted(*after, op(2, "worker-2", "uncached", {"why": "no space left"}), plan=often).outcome == "valid"
    for seldom in (replace(FEW_KEYS, reads_per_s=1.0), replace(FEW_KEYS, keys=FEW_KEYS.keys[:29])):
        assert restarted(*after, plan=replace(often, workload=seldom)).outcome == "valid"


def test_an_owner_that_changes_without_a_restart_is_not_this_ones_business():
    verdict = judged(RESTART, viewed(1, "client-1", 5), looked_up(2, KEY, OWNER, 5), looked_up(3, KEY, OTHER, 5))
    assert verdict.outcome == "unknown"


def served(begun, seconds, hits, misses, *, by="worker-1", key=MINE):
    done = read(seconds, key, by, 7, hits=hits, misses=misses)
    return [asked_for(begun, done), done]


def around_a_restart(before, *after, plan=PLAN):
    """worker-1 is restarted from 4 s to 5 s."""
    return judged(
        RESTART,
        run_begins(),
        started(0, "worker-1", 1),
        started(0, "worker-2", 9),
        *before,
        exited(4, "worker-1", 1),
        started(5, "worker-1", 2, 2),
        *after,
        plan=plan,
    )


BEFORE = served(2.9, 3, 0, 2)


@pytest.mark.parametrize("before", [BEFORE, served(2.9, 3, 2, 0), served(2.9, 3, 1, 1)])
def test_what_was_cached_before_a_restart_and_is_after_it_is_valid(before):
    verdict = around_a_restart(before, served(6, 6.1, 2, 0))
    assert (verdict.outcome, verdict.examined["files_compared"]) == ("valid", 1)


@pytest.mark.parametrize("misses", [1, 2])
def test_what_was_cached_before_a_restart_and_is_not_after_it_is_violated(misses):
    verdict = around_a_restart(BEFORE, served(6, 6.1, 2 - misses, misses))
    assert texts(verdict) == [
        f"worker-1 had {MINE} cached at 3.00 s, and {misses} of its pages no more after its restart at 5.00 s"
    ]


def test_a_read_that_was_under_way_at_the_restart_may_be_of_the_process_before():
    assert around_a_restart(BEFORE, served(3.9, 6.1, 0, 2)).examined["files_compared"] == 0
    assert around_a_restart(served(3.9, 5.1, 0, 2), served(6, 6.1, 0, 2)).examined["files_compared"] == 0


def test_a_read_begins_with_the_invoke_of_its_own_client_though_others_have_its_id():
    done = read(6.1, MINE, "worker-1", 7, hits=0, misses=2)
    others = read(6.2, MINE, "worker-2", 7, client="client-2")
    verdict = around_a_restart(BEFORE, [asked_for(3.9, done), asked_for(5.5, others), done, others])
    assert (verdict.outcome, verdict.examined["files_compared"]) == ("unknown", 0)


def test_pages_that_another_worker_or_another_file_has_prove_nothing():
    assert around_a_restart(BEFORE, served(6, 6.1, 0, 2, key=KEYS[-1])).examined["files_compared"] == 0
    assert around_a_restart(BEFORE, served(6, 6.1, 0, 2, by="worker-2")).examined["files_compared"] == 0
    assert around_a_restart(served(2.9, 3, 0, 2, by="worker-2"), served(6, 6.1, 0, 2)).examined["files_compared"] == 0


def test_a_worker_that_did_not_restart_may_miss():
    twice = served(6, 6.1, 2, 0, by="worker-2"), served(7, 7.1, 0, 2, by="worker-2")
    assert around_a_restart(BEFORE, *twice).examined["files_compared"] == 0


def test_reads_that_tell_no_pages_and_those_from_the_ufs_prove_nothing():
    from_ufs = read(6.1, MINE, "worker-1", 7, hits=0, misses=0, served_by="ufs")
    assert around_a_restart(BEFORE, asked_for(6, from_ufs), from_ufs).examined["files_compared"] == 0
    silent = read(6.1, MINE, "worker-1", 7)
    assert around_a_restart(BEFORE, asked_for(6, silent), silent).examined["files_compared"] == 0


def test_a_worker_that_can_keep_no_pages_is_not_blamed():
    told = op(2, "worker-1", "uncached", {"why": "no space left"})
    assert around_a_restart([told, *BEFORE], served(6, 6.1, 0, 2)).examined["files_compared"] == 0


@pytest.mark.parametrize(("limit", "compared"), [("175360", 1), ("175359", 0)])
def test_where_not_all_files_fit_pages_may_have_been_evicted(limit, compared):
    """20 files of 8192 bytes at most, in 9 pages of 1000 bytes, which take 64 bytes more each."""
    sizes = {"alluxio.worker.page.store.sizes": limit, "alluxio.worker.page.store.page.size": "1000"}
    plan = replace(PLAN, properties={**PLAN.properties, **sizes})
    verdict = around_a_restart(BEFORE, served(6, 6.1, 2, 0), plan=plan)
    assert verdict.examined["files_compared"] == compared


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
