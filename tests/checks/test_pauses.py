from dataclasses import replace

import pytest

from harness.checks import INVARIANTS
from harness.core.plan import Etcd
from tests.checks.telling import (
    PLAN,
    TTL_S,
    alive,
    deleted,
    exited,
    fault,
    granted,
    healed,
    joined,
    judged,
    kept,
    on_record,
    op,
    phase,
    planned,
    put,
    reached,
    registered,
    run_begins,
    sampled,
    samples,
    signalled,
    snapshot,
    started,
    step,
    texts,
)

THREE = planned(etcd=Etcd(("etcd-1", "etcd-2", "etcd-3")))
NAME = "a-pause-counts-once"
WHO, PID, LEASE, NEXT = "worker-1", 7, 11, 12
SENT = 0.7
"""The last keepalive before the pause at 1 s; its lease of 2 s lives until 2.7 s."""
ALIVE = joined(-4, WHO, 4, LEASE)[1]
TEXT = ALIVE.value["text"]


def back(seconds, revision=9, *, over=None):
    return put(seconds, alive(WHO), revision, NEXT, TEXT, over=over)


def gone(seconds, revision=8):
    return deleted(seconds, alive(WHO), revision)


def paused(for_s, *ops, stops=30, snapshots=True, heard_s=8, wakes_s=0.01, plan=PLAN):
    """worker-1 is paused from 1 s on; it answers before, for some time after, and again 3 s later."""
    thaw = 1 + for_s
    there = joined(-4, WHO, 4, LEASE)
    events = [one for one in ops if not isinstance(one, list) and one.f in ("put", "delete")]
    last = sorted((one for one in events if one.value["key"] == alive(WHO)), key=lambda one: one.value["revision"])
    held = [there[1]] if not last else [one for one in last[-1:] if one.f == "put"]
    return judged(
        NAME,
        run_begins(),
        started(-5, WHO, PID),
        granted(-4.5, WHO, LEASE),
        snapshot(-4.8, 3),
        there,
        registered(-4, WHO, LEASE, 4),
        [kept(-3 + t / 2, WHO, LEASE) for t in range(7)],
        kept(SENT + 0.002, WHO, LEASE),
        samples(-4, 0.9, WHO, 4, pid=PID),
        reached(-4.9, 40),
        signalled(1, WHO, PID, "STOP"),
        signalled(thaw, WHO, PID, "CONT"),
        samples(thaw + wakes_s, thaw + heard_s, WHO, 4, pid=PID),
        sampled(thaw + heard_s + 3, WHO, 4, pid=PID),
        phase(stops, "stop", "invoke"),
        snapshot(39, 20, there[0], held) if snapshots else [],
        ops,
        plan=plan,
    )


def test_a_short_pause_that_nobody_notices_is_valid():
    verdict = paused(0.6)
    assert (verdict.outcome, verdict.summary) == ("valid", "1 pause, 1 short, 0 longer than the lease")


def test_a_long_pause_with_one_leave_and_one_return_is_valid():
    verdict = paused(5, gone(3.2), back(6.1))
    assert (verdict.outcome, verdict.summary) == ("valid", "1 pause, 0 short, 1 longer than the lease")


def test_a_short_pause_that_costs_the_membership_is_violated():
    verdict = paused(0.6, gone(1.5), back(1.7))
    assert texts(verdict) == [
        "worker-1 was paused from 1.00 s for 0.60 s, 2 s being its lease: etcd's log should have no change of its "
        "alive key, and has delete at revision 8 (1.50 s), put at revision 9 (1.70 s)"
    ]


def test_a_worker_that_the_machine_does_not_wake_is_not_to_blame():
    assert paused(0.6, gone(2.9), back(3.1), wakes_s=1.4).outcome == "unknown"


def test_a_short_pause_after_which_it_registers_anew_is_violated():
    assert paused(0.6, back(1.7, over=ALIVE)).outcome == "violated"


@pytest.mark.parametrize(
    ("events", "has"),
    [
        ([], "none"),
        ([gone(3.2)], "delete at revision 8 (3.20 s)"),
        ([back(6.1, over=ALIVE)], "put at revision 9 (6.10 s)"),
        ([gone(3.2), back(6.1), back(6.2, 10, over=back(6.1))], "put at revision 10 (6.20 s)"),
        ([gone(3.2), back(6.1), gone(6.2, 10), back(6.3, 11)], "delete at revision 10 (6.20 s)"),
    ],
)
def test_anything_but_one_leave_and_one_return_is_violated_after_a_long_pause(events, has):
    verdict = paused(5, *events)
    assert has in texts(verdict)[0]
    assert "should have one leave and one return of its alive key" in texts(verdict)[0]


def test_between_short_and_long_either_may_happen():
    assert paused(1.5).outcome == "unknown"
    assert paused(1.5, gone(2.8), back(3)).outcome == "unknown"
    assert paused(3, gone(2.8), back(4.1)).outcome == "unknown"


def test_a_lease_that_was_renewed_after_the_thaw_makes_it_short():
    renewed = kept(2.6, WHO, LEASE)
    assert paused(1.5, renewed).outcome == "valid"
    verdict = paused(1.5, renewed, back(2.7, over=ALIVE))
    assert "and etcd renewed its lease of 2 s afterwards" in texts(verdict)[0]


def test_an_answer_to_a_keepalive_of_before_the_pause_renews_nothing_after_it():
    late = kept(2.51, WHO, LEASE, sent=0.9)
    verdict = paused(1.5, late, op(2.52, WHO, "fence", {"lease": LEASE}), kept(2.53, WHO, LEASE))
    assert verdict.outcome == "unknown"


def test_a_lease_found_lost_first_is_not_taken_for_renewed():
    lost = op(2.51, WHO, "lease-lost", {"lease": LEASE, "reason": ""})
    assert paused(1.5, lost, kept(2.6, WHO, LEASE)).outcome == "unknown"
    assert paused(1.5, granted(2.55, WHO, NEXT), kept(2.6, WHO, LEASE)).outcome == "unknown"


def test_what_happens_long_after_the_return_is_not_the_pauses_doing():
    later = 6 + TTL_S + 1.5
    assert paused(5, gone(3.2), back(6.1), gone(later, 10), back(later + 1, 11)).outcome == "valid"


@pytest.mark.parametrize(
    "befalls",
    [
        signalled(6.15, WHO, PID, "KILL"),
        exited(6.15, WHO, PID, asked=False, status=1),
        fault(6.15, "kill", 3, WHO),
        fault(6.15, "restart", 3, "etcd-1"),
        fault(6.15, "partition", 3, cuts=[[[WHO], ["etcd-1"]]]),
        op(6.15, "observer", "leader", {"member": "etcd-1", "term": 3}),
        reached(6.15, 6.2, kind="fail"),
    ],
)
def test_what_else_befalls_it_ends_what_is_judged(befalls):
    assert paused(5, gone(3.2), back(6.1), gone(6.3, 10), back(6.4, 11), befalls).outcome == "valid"


def test_a_worker_that_falls_silent_again_may_leave_again():
    again = gone(3.2), back(6.1), gone(8.2, 10), back(8.3, 11)
    assert paused(5, *again, heard_s=0.5).outcome == "valid"
    assert paused(5, *again, heard_s=8).outcome == "violated"


def test_what_happens_once_etcd_answered_late_is_not_the_pauses_doing():
    assert paused(0.5, gone(3.2)).outcome == "violated"
    assert paused(0.5, gone(3.2), reached(2, 2, took=0.9)).outcome == "valid"


def test_a_return_that_the_end_forestalls_is_not_missed():
    assert paused(5, gone(3.2), stops=6.5).outcome == "unknown"
    assert paused(5, gone(3.2), stops=10).outcome == "violated"


@pytest.mark.parametrize(
    "befalls",
    [
        [fault(2, "restart", 3, "etcd-1"), healed(3, "restart", 3, "etcd-1")],
        [fault(2, "isolate", 3, cuts=[[[WHO], ["etcd-1"]]]), healed(3, "isolate", 3)],
        reached(2, 2.3, kind="fail"),
        deleted(4, on_record(WHO), 10),
        reached(2, 2, took=0.9),
        op(4, "observer", "leader", {"member": "etcd-1", "term": 3}),
        op(6.05, WHO, "removed", {"id": "worker-1"}),
    ],
)
def test_a_pause_with_anything_else_in_it_is_not_judged(befalls):
    verdict = paused(5, gone(3.2), befalls, snapshots=False)
    assert (verdict.examined["long"], verdict.examined["short"]) == (0, 0)


@pytest.mark.parametrize(
    "other", [fault(2, "kill", 3, "worker-2"), fault(2, "isolate", 3, cuts=[[["worker-2"], ["etcd-1", WHO]]])]
)
def test_what_befalls_others_meanwhile_keeps_nobody_from_judging(other):
    assert paused(5, gone(3.2), back(6.1), other).examined["long"] == 1


def test_members_of_etcd_that_lose_each_other_meanwhile_leave_nothing_to_judge():
    cut = fault(2, "isolate", 3, "etcd-1", cuts=[[["etcd-1"], ["etcd-2", "etcd-3"]]])
    assert paused(5, gone(3.2), back(6.1), cut, plan=THREE).examined["long"] == 0


def test_a_worker_that_was_cut_off_or_offline_already_is_not_judged():
    cut = fault(0.5, "partition", 3, cuts=[[[WHO], ["etcd-1"]]])
    assert paused(5, gone(3.2), back(6.1), cut).outcome == "unknown"
    assert paused(5, sampled(0.95, WHO, 4, pid=PID, state="fenced")).outcome == "unknown"


@pytest.mark.parametrize(
    "silent",
    [
        fault(0.2, "pause", 3, "etcd-2"),
        fault(0.2, "isolate", 3, "etcd-2", cuts=[[["etcd-2"], ["etcd-1", "etcd-3", WHO]]]),
        fault(0.2, "partition", 3, cuts=[[[WHO], ["etcd-2"]]]),
    ],
)
def test_a_worker_that_may_ask_a_silent_member_of_etcd_first_is_not_judged(silent):
    led = op(0.1, "observer", "leader", {"member": "etcd-1", "term": 2})
    told = paused(0.6, gone(2.9), back(3.1), led, plan=THREE)
    assert told.outcome == "violated"
    assert paused(0.6, gone(2.9), back(3.1), led, silent, plan=THREE).outcome == "unknown"


def test_what_was_sent_into_a_cut_may_come_late_after_its_heal_too():
    led = op(-3, "observer", "leader", {"member": "etcd-1", "term": 2})
    cut = fault(-2, "partition", 3, cuts=[[[WHO], ["etcd-2"]]])
    long_ago, just_now = healed(-1.8, "partition", 3), healed(0.2, "partition", 3)
    assert paused(0.6, gone(2.9), back(3.1), led, cut, long_ago, plan=THREE).outcome == "violated"
    assert paused(0.6, gone(2.9), back(3.1), led, cut, just_now, plan=THREE).outcome == "unknown"


def test_a_member_of_etcd_that_only_others_can_not_reach_keeps_nobody_from_judging():
    led = op(0.1, "observer", "leader", {"member": "etcd-1", "term": 2})
    other = fault(0.2, "partition", 3, cuts=[[["worker-2"], ["etcd-2"]]])
    assert paused(0.6, led, other, plan=THREE).outcome == "valid"


def test_a_machine_that_did_not_run_makes_a_pause_neither_short_nor_long():
    for for_s, more in ((0.6, []), (3.8, [gone(3.2), back(4.9)])):
        ops = [one for one in [reached(0, 1.05), reached(1.5, 2)] if one]
        assert paused(for_s, *more, ops).outcome in ("valid", "unknown")


def test_a_log_that_misses_something_makes_it_unknown():
    assert paused(0.6, back(1.7), snapshots=False).outcome == "unknown"


@pytest.mark.parametrize(
    ("for_s", "target", "applies"),
    [
        (0.6, WHO, True),
        (1.5, WHO, False),
        (3.0, WHO, False),
        (4.0, WHO, True),
        (None, WHO, True),
        (4.0, "client-1", False),
        (4.0, "etcd-1", False),
    ],
)
def test_it_applies_where_a_worker_is_paused_for_short_or_for_long(for_s, target, applies):
    plan = planned(step("pause", target, for_s=for_s), tail_s=10.0, duration_s=12.0)
    assert INVARIANTS[NAME].applies(plan) is applies


def test_it_does_not_apply_where_the_worker_is_removed_meanwhile():
    plan = planned(step("pause", "worker-2", for_s=9.0), step("decommission", "worker-2", stop="none"))
    assert not INVARIANTS[NAME].applies(plan)


@pytest.mark.parametrize(("at_s", "applies"), [(4.4, True), (4.6, False), (5.5, False), (7.9, False), (8.1, True)])
def test_it_does_not_apply_while_a_cut_of_the_worker_may_still_echo(at_s, applies):
    cut = replace(step("isolate", WHO, for_s=1.0), at_s=5.0)
    plan = planned(cut, replace(step("pause", WHO, for_s=0.5), at_s=at_s), tail_s=10.0, duration_s=30.0)
    assert INVARIANTS[NAME].applies(plan) is applies
    others = planned(cut, replace(step("pause", "worker-2", for_s=0.5), at_s=at_s), tail_s=10.0, duration_s=30.0)
    assert INVARIANTS[NAME].applies(others)
