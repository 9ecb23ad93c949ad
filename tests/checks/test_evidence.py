from dataclasses import replace

import pytest
from msgspec import structs

from harness.core.plan import Workload
from tests.checks.telling import (
    IDS,
    KEYS,
    PLAN,
    deleted,
    exited,
    fault,
    healed,
    joined,
    judged,
    looked_up,
    on_record,
    op,
    owner_of,
    phase,
    planned,
    reached,
    read,
    run_begins,
    sampled,
    snapshot,
    started,
    step,
)

# nothing-left-behind


def left(*what):
    return op(20, "harness", "left-behind", {"left": list(what)})


def test_nothing_left_is_valid():
    assert judged("nothing-left-behind", left()).outcome == "valid"


def test_something_left_is_unknown_and_named():
    verdict = judged("nothing-left-behind", left("process 42 (etcd)"))
    assert (verdict.outcome, verdict.missing) == ("unknown", "left behind: process 42 (etcd)")


def test_a_run_that_did_not_look_is_unknown():
    assert judged("nothing-left-behind").outcome == "unknown"


# faults-are-proven


PAUSED = planned(step("pause", "worker-1", for_s=2.0))


def proven(*ops, plan=PAUSED):
    return judged("faults-are-proven", *ops, plan=plan)


def test_a_proven_effect_and_heal_are_valid():
    verdict = proven(fault(1, "pause", 0, "worker-1"), healed(3, "pause", 0, "worker-1"))
    assert (verdict.outcome, verdict.summary) == ("valid", "1 of 1 faults begun, 1 healed")


def test_what_is_not_applicable_needs_no_proof():
    ops = fault(1, "pause", 0, "worker-1", effect="not-applicable"), healed(3, "pause", 0, heal="not-applicable")
    assert proven(*ops).outcome == "valid"


@pytest.mark.parametrize(
    ("ops", "missing"),
    [
        ([*fault(1, "pause", 0, effect="absent"), *healed(3, "pause", 0)], "step 1 (pause): effect absent"),
        ([*fault(1, "pause", 0), *healed(3, "pause", 0, heal="absent")], "step 1 (pause): heal absent"),
        ([fault(1, "pause", 0)[0], *healed(3, "pause", 0)], "step 1 (pause): effect unknown, it was not recorded"),
        (fault(1, "pause", 0), "step 1 (pause): heal unknown, it was not recorded"),
        ([], "1 of 1 steps were never begun"),
        (
            [op(1, "nemesis", "skip", {"step": 0, "fault": "pause"}, "info", error="worker-1 is gone")],
            "step 1 (pause) was not begun: worker-1 is gone",
        ),
    ],
)
def test_what_was_not_seen_to_work_is_unknown(ops, missing):
    verdict = proven(*ops)
    assert (verdict.outcome, verdict.missing) == ("unknown", missing)


def test_a_fault_that_could_not_be_injected_is_unknown_with_the_reason():
    invoke = fault(1, "pause", 0)[0]
    refused = op(1.1, "nemesis", "pause", {"step": 0, "targets": []}, "fail", error="no such process")
    verdict = proven(invoke, refused, *healed(3, "pause", 0))
    assert verdict.missing == "step 1 (pause): effect fail, no such process"


def test_a_kill_for_good_is_told_to_be_one():
    ops = fault(1, "kill", 0, "worker-1"), healed(3, "kill", 0, heal="not-applicable")
    assert proven(ops, plan=planned(step("kill", "worker-1"))).outcome == "valid"


# enough-evidence


KEY = KEYS[0]
KEYS_OF = joined(0.2, "worker-1", 5, 11)
ENOUGH = [
    run_begins(),
    snapshot(0.1, 4),
    KEYS_OF,
    [sampled(1, name, 5) for name in (*PLAN.workers, *PLAN.clients)],
    [looked_up(7, KEY, owner_of(KEY), 5, client=name, final=True) for name in PLAN.clients],
    [read(7.5, KEY, owner_of(KEY), 5, client=name, final=True) for name in PLAN.clients],
    snapshot(9, 5, KEYS_OF),
    [started(0, name, number) for number, name in enumerate(PLAN.clients, 7)],
]
REACHED = reached(0, 9)


def enough(*ops, reach=REACHED, plan=PLAN):
    return judged("enough-evidence", *ops, reach, plan=plan)


def test_a_run_in_which_everybody_was_heard_is_enough():
    verdict = enough(ENOUGH)
    assert (verdict.outcome, verdict.summary) == ("valid", "5 of 5 nodes heard, 2 lookups, 2 reads")


@pytest.mark.parametrize(
    ("index", "missing"),
    [(3, "worker-1 never answered"), (4, "no lookup succeeded"), (5, "no read succeeded"), (6, "no snapshot")],
)
def test_what_is_missing_is_named(index, missing):
    verdict = enough(ENOUGH[:index] + ENOUGH[index + 1 :])
    assert verdict.outcome == "unknown"
    assert missing in verdict.missing


def test_a_watch_that_missed_a_key_is_unknown():
    verdict = enough(ENOUGH[:2] + ENOUGH[3:])
    assert "differ on /DHT/told/AUTHORIZED/worker-" in verdict.missing


def test_a_node_that_died_unasked_is_unknown_with_its_last_words():
    died = started(0, "worker-1", 1), exited(5, "worker-1", 1, asked=False, status=1)
    assert enough(ENOUGH, died).missing == "worker-1 exited unasked with 1 after 1.0 s: last line"


@pytest.mark.parametrize(("index", "f"), [(4, "lookup"), (5, "read")])
def test_a_client_without_a_final_answer_is_noticed_beside_one_that_has_some(index, f):
    first, second = ENOUGH[index]
    early = structs.replace(second, time_ns=first.time_ns - 10**9, value={**second.value, "final": False})
    for one in ([first], [first, early]):
        verdict = enough(ENOUGH[:index], one, ENOUGH[index + 1 :])
        assert (verdict.outcome, verdict.missing) == ("unknown", f"no final {f} of client-2 succeeded")


def test_a_client_that_does_not_run_at_the_end_owes_no_answer():
    ops = ENOUGH[:4], [ENOUGH[4][0]], [ENOUGH[5][0]], ENOUGH[6:]
    assert enough(*ops, exited(5, "client-2", 8, status=-9)).outcome == "valid"
    assert enough(*ops, phase(10, "stop", "invoke"), exited(11, "client-2", 8)).outcome == "unknown"


def test_what_the_plan_does_not_ask_for_is_not_missed():
    plan = replace(PLAN, workload=Workload(KEYS, 10.0, 0.0))
    assert enough(ENOUGH[:5], ENOUGH[6:], plan=plan).outcome == "valid"
    assert enough(ENOUGH[:4], ENOUGH[6:], plan=replace(PLAN, workload=Workload(KEYS, 0.0, 0.0))).outcome == "valid"


def test_a_worker_that_ends_because_it_was_removed_did_not_die():
    left = op(5, "worker-1", "removed", {"id": IDS["worker-1"]}), exited(5.1, "worker-1", 1, asked=False, status=3)
    taken_out = deleted(4.9, on_record("worker-1"), 6), snapshot(9.5, 6, KEYS_OF[1:])
    assert enough(ENOUGH, left, taken_out).outcome == "valid"
    assert "exited unasked with 3" in enough(ENOUGH, left).missing
    assert "exited unasked with 3" in enough(ENOUGH, left[1], taken_out).missing


def test_an_observer_that_did_not_run_for_long_is_unknown():
    told = enough(ENOUGH, reach=[*reached(0, 5), *reached(8, 9)]).missing
    assert told == "the observer did not run for 3.00 s, where 2 s are allowed"
    assert enough(ENOUGH, reach=[*reached(0, 5), *reached(6, 9)]).outcome == "valid"


def test_an_observer_that_never_reached_etcd_is_unknown():
    assert "never reached etcd" in enough(ENOUGH, reach=reached(0, 9, kind="fail")).missing


def test_no_history_is_unknown():
    assert judged("enough-evidence").outcome == "unknown"
