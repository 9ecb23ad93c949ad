"""worker-2 has lease 12 and process 2; it is frozen, its lease ends, it is removed at revision 9."""

from dataclasses import replace

import pytest

from tests.checks.telling import (
    IDS,
    PLAN,
    WORKERS,
    alive,
    deleted,
    entity,
    exited,
    granted,
    joined,
    judged,
    on_record,
    planned,
    put,
    registered,
    run_begins,
    sampled,
    signalled,
    snapshot,
    started,
    step,
    texts,
    viewed,
)

M3, D3 = "removed-process-stays-out", "removal-is-final"
FROZEN = planned(step("pause", "worker-2", for_s=5.0), step("decommission", "worker-2", stop="none"))
BEGINNING = [
    run_begins(),
    [started(0.01, "worker-2", 2), granted(0.1, "worker-2", 12), registered(0.2, "worker-2", 12, 2)],
    snapshot(0.3, 2, joined(0.2, "worker-2", 2, 12)),
]
REMOVED = [
    signalled(1, "worker-2", 2, "STOP"),
    deleted(3.5, alive("worker-2"), 8),
    deleted(4, on_record("worker-2"), 9),
]
THAWED = [signalled(6, "worker-2", 2, "CONT"), sampled(6.1, "worker-2", 9, pid=2, state="joining")]
LEAVES = [exited(6.2, "worker-2", 2, asked=False, status=3)]
NOBODY = snapshot(9, 12)


def ended(*puts):
    return snapshot(9, 12, *puts)


def alive_again(lease=13):
    return put(6.5, alive("worker-2"), 10, lease, entity("worker-2"))


def registered_again():
    return put(6.5, on_record("worker-2"), 10, 0, entity("worker-2"))


def started_again(seconds=6.3):
    return started(seconds, "worker-2", 3, incarnation=2)


@pytest.mark.parametrize("name", [M3, D3])
def test_a_worker_that_leaves_when_it_thaws_keeps_both(name):
    assert judged(name, BEGINNING, REMOVED, THAWED, LEAVES, NOBODY, plan=FROZEN).outcome == "valid"


def test_an_alive_key_under_a_new_lease_of_the_old_process_breaks_it():
    back = alive_again()
    verdict = judged(M3, BEGINNING, REMOVED, THAWED, granted(6.2, "worker-2", 13), back, ended(back), plan=FROZEN)
    assert texts(verdict) == [
        "worker-2 (pid 2, incarnation 1) put its alive key at revision 10 (6.50 s); it was removed at revision 9 "
        "(4.00 s), while worker-2 (pid 2, incarnation 1) ran"
    ]


@pytest.mark.parametrize("lease", [0, 12, 99])
def test_so_does_one_under_its_old_lease_under_none_or_under_one_that_nobody_told_of(lease):
    back = alive_again(lease)
    assert judged(M3, BEGINNING, REMOVED, THAWED, back, ended(back), plan=FROZEN).outcome == "violated"


def test_a_view_that_shows_it_online_after_its_removal_breaks_it_and_an_older_view_does_not():
    views = [viewed(t, "client-1", revision, WORKERS) for t, revision in ((4.2, 7), (4.5, 9), (6.6, 11), (6.8, 11))]
    verdict = judged(M3, BEGINNING, REMOVED, THAWED, LEAVES, NOBODY, views, plan=FROZEN)
    assert [text.partition(";")[0] for text in texts(verdict)] == [
        "client-1 shows worker-2 online at revision 11 (6.60 s)"
    ]


def test_whoever_is_started_again_is_another_process_and_may_come_back():
    back = [registered_again(), alive_again()]
    again = [started_again(), granted(6.4, "worker-2", 13), *back, viewed(6.9, "client-1", 10, WORKERS), ended(*back)]
    for name in (M3, D3):
        assert judged(name, BEGINNING, REMOVED, THAWED, LEAVES, again, plan=FROZEN).outcome == "valid"


def test_the_old_process_may_not_even_when_a_new_one_was_started():
    back = alive_again(12)
    verdict = judged(M3, BEGINNING, REMOVED, THAWED, started_again(), back, ended(back), plan=FROZEN)
    assert verdict.outcome == "violated"


def test_a_registered_key_that_appears_again_breaks_finality():
    back = registered_again()
    verdict = judged(D3, BEGINNING, REMOVED, THAWED, back, ended(back), plan=FROZEN)
    assert texts(verdict) == [
        "worker-2 was registered at revision 10 (6.50 s); it was removed at revision 9 (4.00 s) and not started since"
    ]


def test_an_alive_key_alone_is_no_registration():
    back = alive_again()
    assert judged(D3, BEGINNING, REMOVED, THAWED, back, ended(back), plan=FROZEN).outcome == "valid"


def test_an_event_of_before_the_removal_that_is_told_late_breaks_nothing():
    late = put(4.5, on_record("worker-2"), 7, 0, entity("worker-2"), over=joined(0.2, "worker-2", 2, 12)[0])
    events = [BEGINNING, REMOVED, THAWED, LEAVES, late]
    assert judged(D3, events, NOBODY, plan=FROZEN).violations == ()


def test_whoever_gives_no_sign_of_life_after_its_removal_shows_nothing():
    verdict = judged(M3, BEGINNING, REMOVED, NOBODY, plan=FROZEN)
    assert (verdict.outcome, verdict.missing) == ("unknown", "worker-2 gave no sign of life after being removed")


def test_a_worker_that_had_ended_before_shows_nothing_about_processes():
    dead = [exited(2, "worker-2", 2), deleted(3.5, alive("worker-2"), 8), deleted(4, on_record("worker-2"), 9), NOBODY]
    verdict = judged(M3, BEGINNING, dead, plan=FROZEN)
    assert (verdict.outcome, verdict.missing) == ("unknown", "no worker was removed while its process was there")
    assert judged(D3, BEGINNING, dead, plan=FROZEN).outcome == "valid"


@pytest.mark.parametrize("name", [M3, D3])
def test_nothing_removed_is_unknown(name):
    assert judged(name, BEGINNING, plan=FROZEN).outcome == "unknown"
    assert judged(name, plan=FROZEN).outcome == "unknown"


def test_they_apply_where_a_plan_removes_somebody_and_somebody_who_runs():
    from harness.checks.catalogue import INVARIANTS

    stopped = planned(step("decommission", "worker-2", stop="TERM"))
    killed = replace(PLAN, steps=(step("kill", "worker-2"), *FROZEN.steps[1:]))
    applies = {name: [INVARIANTS[name].applies(plan) for plan in (PLAN, stopped, killed, FROZEN)] for name in (M3, D3)}
    assert applies == {M3: [False, False, False, True], D3: [False, True, True, True]}


def test_keys_that_are_no_workers_may_come_and_go():
    nobodys = on_record("worker-2").replace(IDS["worker-2"], "worker-00000000-0000-0000-0000-0000000000ff")
    events = [event for t in (5, 7) for event in (put(t, nobodys, 10 + t, 0, "null"), deleted(t + 1, nobodys, 11 + t))]
    told = [BEGINNING, REMOVED, THAWED, LEAVES, events, snapshot(9.5, 20)]
    verdict = judged(D3, told, plan=FROZEN)
    assert (verdict.outcome, verdict.examined["removals"]) == ("valid", 1)
