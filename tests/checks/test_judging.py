from dataclasses import replace

import pytest

from harness.checks import INVARIANTS, judge
from harness.checks.catalogue import is_own
from harness.checks.fold import Fold, feed
from harness.core.history import History
from harness.core.plan import Expect, Neighbour, Selection
from tests.checks.telling import (
    KEYS,
    PLAN,
    WORKERS,
    alive,
    asked_for,
    deleted,
    exited,
    fault,
    flat,
    granted,
    healed,
    joined,
    kept,
    listed,
    looked_up,
    op,
    owner_of,
    phase,
    planned,
    put,
    reached,
    read,
    registered,
    revoked,
    run_begins,
    samples,
    signalled,
    snapshot,
    started,
    step,
    viewed,
)

RESTARTED = planned(step("restart", "worker-1", signal="TERM", down_for=4.0))
OTHERS = ("worker-2", "worker-3")
KEY = KEYS[0]
NEVER_HERE = {
    "removed-process-stays-out": "no step removes a worker while its process is there",
    "removal-is-final": "no step removes a worker",
    "one-registration-after-an-outage": "etcd is not out of reach for longer than a lease",
    "leader-change-changes-nothing": "no step makes several members of etcd elect another leader for certain",
    "neighbours-are-not-seen": "the cluster has no neighbour",
    "bad-values-are-counted": "no bad value is planned",
    "a-pause-counts-once": (
        "no worker is paused for less than a third of its lease, or for longer than it and its expiry"
    ),
}


def worker(name, number, until_s=20):
    lease = 10 + number
    return [
        started(-1, name, number),
        granted(-0.8, name, lease),
        joined(-0.7, name, 4 + number, lease),
        registered(-0.7, name, lease, 4 + number),
        [kept(t / 10, name, lease) for t in range(-2, until_s * 10, 6)],
    ]


def node(name, pid, until_s=20.0):
    """Sees worker-1 leave at 3.5 s and come back at 7.5 s, where it lives to see it."""
    return [
        started(-1, name, pid),
        samples(-0.5, min(3.4, until_s), name, 7, pid=pid),
        viewed(-0.5, name, 7, pid=pid),
        [] if until_s < 20 else samples(3.5, 7.4, name, 8, pid=pid),
        [] if until_s < 20 else viewed(3.5, name, 8, online=OTHERS, offline=["worker-1"], pid=pid),
        [] if until_s < 20 else samples(7.5, until_s, name, 9, pid=pid),
        [] if until_s < 20 else viewed(7.5, name, 9, pid=pid),
    ]


def a_good_restart():
    """worker-1 is told to stop at 3 s and is back at 7.3 s; everybody behaves."""
    text = joined(0, "worker-1", 9, 21)[1].value["text"]
    back = put(7.3, alive("worker-1"), 9, 21, text)
    owner, heir = owner_of(KEY), owner_of(KEY, OTHERS)
    last = [joined(-0.7, name, 4 + number, 10 + number) for number, name in enumerate(WORKERS, 1)]
    last[0][1] = back
    return [
        phase(-2, "start", "invoke"),
        snapshot(-1.5, 4),
        phase(-0.1, "start"),
        run_begins(),
        [worker(name, number, 3 if number == 1 else 20) for number, name in enumerate(WORKERS, 1)],
        [node(name, number, 2.9 if number == 1 else 20) for number, name in enumerate(WORKERS, 1)],
        node("client-1", 4),
        node("client-2", 5),
        reached(-1, 3.0, revision=7),
        reached(3.1, 7.3, revision=8),
        reached(7.4, 20, revision=9),
        looked_up(1, KEY, owner, 7),
        looked_up(5, KEY, heir, 8),
        looked_up(9, KEY, owner, 9),
        asked_for(9.99, read(10, KEY, owner, 9)),
        read(10, KEY, owner, 9),
        [looked_up(18, KEY, owner, 9, client=client, final=True) for client in PLAN.clients],
        [read(18.5, KEY, owner, 9, client=client, final=True) for client in PLAN.clients],
        fault(3, "restart", 0, "worker-1", took=0.3),
        signalled(3, "worker-1", 1, "TERM"),
        deleted(3.05, alive("worker-1"), 8),
        revoked(3.06, "worker-1", 11),
        exited(3.2, "worker-1", 1),
        healed(7, "restart", 0, "worker-1", took=1.0),
        started(7.1, "worker-1", 6, 2),
        granted(7.2, "worker-1", 21),
        back,
        registered(7.3, "worker-1", 21, 9),
        samples(7.5, 20, "worker-1", 9, pid=6, incarnation=2),
        viewed(7.5, "worker-1", 9, pid=6),
        phase(12, "heal"),
        phase(12, "settle", "invoke"),
        listed(18.9, 9, 12, 13, 21),
        snapshot(19, 9, last),
        phase(19.5, "settle"),
        op(25, "harness", "left-behind", {"left": []}),
    ]


def judged_in_order(plan, *ops):
    return judge(plan, History.of(flat(ops)))


def outcomes(judgement):
    return {verdict.name: verdict.outcome for verdict in judgement.verdicts}


def test_every_invariant_that_applies_holds_in_a_good_run():
    judgement = judged_in_order(RESTARTED, a_good_restart())
    wrong = {verdict.name: verdict.missing for verdict in judgement.verdicts if verdict.outcome != "valid"}
    assert wrong == {}
    assert (judgement.outcome, judgement.as_expected) == ("valid", True)
    assert dict(judgement.not_judged) == NEVER_HERE


def test_what_does_not_apply_is_listed_with_its_reason_and_does_not_count():
    judgement = judged_in_order(PLAN, a_good_restart())
    assert dict(judgement.not_judged) == {
        "gone-worker-leaves-views": "no worker is ended, paused or cut off for long enough while others reach etcd",
        **NEVER_HERE,
        "clean-stop-is-immediate": "nobody is told to stop (TERM) while the run lasts",
        "keys-move-only-with-members": (
            "no client tells the revisions of its views, or no worker comes or goes for long enough to be seen"
        ),
        "no-watch-gap": "nothing planned changes the members while somebody sees it",
        "restart-moves-nothing": "nobody is started again",
        "faults-are-proven": "no fault is planned",
    }


def test_no_history_is_unknown_by_every_invariant():
    judgement = judge(RESTARTED, ())
    assert (judgement.outcome, judgement.as_expected) == ("unknown", False)
    assert set(outcomes(judgement).values()) == {"unknown"}


def test_a_violation_stands_even_where_the_harness_has_doubts():
    wrong = looked_up(11, KEY, "worker-4", 9)
    judgement = judged_in_order(RESTARTED, a_good_restart()[:-1], wrong)
    assert judgement.outcome == "violated"
    assert outcomes(judgement)["nothing-left-behind"] == "unknown"


def test_a_named_invariant_is_judged_even_where_it_does_not_apply():
    plan = replace(PLAN, invariants=Selection(True, ("restart-moves-nothing",)))
    assert outcomes(judge(plan, ()))["restart-moves-nothing"] == "unknown"


def test_an_invariant_left_out_is_not_judged():
    plan = replace(PLAN, invariants=Selection(without=("enough-evidence",)))
    assert ("enough-evidence", "the scenario leaves it out") in judge(plan, ()).not_judged


def test_a_list_of_names_selects_those_and_the_harness_own():
    plan = replace(RESTARTED, invariants=Selection(False, ("one-live-process",)))
    assert [verdict.name for verdict in judge(plan, ()).verdicts] == [
        "one-live-process",
        *filter(is_own, INVARIANTS),
    ]


def test_a_name_that_there_is_not_is_said_to_be_none():
    plan = replace(PLAN, invariants=Selection(False, ("two-live-processes",)))
    assert ("two-live-processes", "there is no such invariant") in judge(plan, ()).not_judged


def still_running(*ops):
    return judge(RESTARTED, History.of(flat([a_good_restart()[:-1], *ops])), is_over=False)


def test_of_a_run_that_goes_on_what_comes_after_its_end_is_not_judged_and_all_else_is():
    so_far = still_running()
    assert so_far.outcome == "valid"
    assert dict(so_far.not_judged) == {**NEVER_HERE, "nothing-left-behind": "it runs still"}
    over = judged_in_order(RESTARTED, a_good_restart()[:-1])
    assert (over.outcome, outcomes(over)["nothing-left-behind"]) == ("unknown", "unknown")
    assert outcomes(over).items() - outcomes(so_far).items() == {("nothing-left-behind", "unknown")}


def test_what_was_seen_of_a_run_that_goes_on_was_seen():
    assert still_running(looked_up(11, KEY, "worker-4", 9)).outcome == "violated"


def test_an_invariant_of_the_end_is_not_judged_before_it_even_where_it_is_named():
    plan = replace(PLAN, invariants=Selection(False, ("nothing-left-behind",)))
    assert ("nothing-left-behind", "it runs still") in judge(plan, (), is_over=False).not_judged


VIOLATED = "owner-is-in-the-view", "owner-is-the-rings"


@pytest.mark.parametrize(
    ("expect", "as_expected"),
    [
        (Expect(), False),
        (Expect("unknown"), False),
        (Expect("violated", VIOLATED), True),
        (Expect("violated", VIOLATED[:1], VIOLATED[1:]), True),
        (Expect("violated", VIOLATED[:1]), False),
        (Expect("violated", (*VIOLATED, "one-live-process")), False),
        (Expect("violated", VIOLATED, ("one-live-process",)), True),
    ],
)
def test_what_is_expected_must_be_violated_and_nothing_else(expect, as_expected):
    wrong = looked_up(11, KEY, "worker-4", 9)
    assert judged_in_order(replace(RESTARTED, expect=expect), a_good_restart(), wrong).as_expected is as_expected


def test_every_invariant_has_its_own_name_id_and_sentence():
    assert [invariant.name for invariant in INVARIANTS.values()] == list(INVARIANTS)
    assert len({invariant.id for invariant in INVARIANTS.values()}) == len(INVARIANTS)
    assert all(invariant.says for invariant in INVARIANTS.values())


def test_what_the_neighbours_say_is_shown_to_nobody_else():
    plan = replace(PLAN, neighbour=Neighbour("told1", ("neighbour-1",)))
    shown = []

    class Listener(Fold):
        def on_view(self, op):
            shown.append(("view", op.actor))

        def on_neighbour(self, op):
            shown.append((op.f, op.actor, "neighbour"))

    ops = viewed(1, "client-1", 5), viewed(2, "neighbour-1", 5), started(3, "neighbour-1", 4)
    feed(flat(ops), [Listener()], plan.neighbours)
    assert shown == [("view", "client-1"), ("view", "neighbour-1", "neighbour"), ("start", "neighbour-1", "neighbour")]
