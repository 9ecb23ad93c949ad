from dataclasses import replace
from hashlib import sha256

import pytest
from msgspec import structs

from harness.checks import INVARIANTS
from harness.core.content import content_of
from tests.checks.telling import (
    IDS,
    KEYS,
    PLAN,
    WORKERS,
    asked_for,
    cuts_around,
    exited,
    fault,
    healed,
    judged,
    looked_up,
    ns,
    op,
    owner_of,
    phase,
    planned,
    reached,
    read,
    run_begins,
    sampled,
    samples,
    signalled,
    started,
    texts,
    viewed,
)

NAME = "healthy-owners-serve"
KEY = KEYS[0]
OWNER = owner_of(KEY)
OTHER = next(name for name in WORKERS if name != OWNER)
PID = 7


def told(*ops, until_s=10, owner_until_s=10, plan=PLAN):
    """The owner and client-1 run and answer from the beginning."""
    return judged(
        NAME,
        run_begins(),
        [started(-5, name, PID) for name in (OWNER, "client-1")],
        samples(-4, owner_until_s, OWNER, 5, pid=PID),
        samples(-4, 10, "client-1", 5, pid=PID),
        [] if plan.guests else viewed(-4, "client-1", 5, pid=PID),
        reached(-4, until_s),
        ops,
        plan=plan,
    )


def served(seconds, **more):
    done = read(seconds, KEY, OWNER, 5, **more)
    return [asked_for(seconds - 0.01, done), done]


def passed_by(seconds, **more):
    return served(seconds, served_by=IDS[OTHER], **more)


def unanswered(seconds, kind="fail", *, took=0.01, f=looked_up):
    done = f(seconds, KEY, OWNER, 5)
    return [asked_for(seconds - took, done), asked_for(seconds, done, kind, "no")]


def test_owners_that_serve_are_valid():
    done = looked_up(2, KEY, OWNER, 5)
    verdict = told(served(1), asked_for(1.99, done), done)
    assert (verdict.outcome, verdict.summary) == ("valid", "2 lookups and reads that were or should be served")


def test_a_read_that_passes_a_healthy_owner_by_is_violated():
    verdict = told(passed_by(1))
    assert texts(verdict) == [
        f"client-1 read {KEY} from {OTHER} and not from its owner {OWNER}, from 0.99 s on, after 0.01 s; {OWNER} was "
        "well before, meanwhile and afterwards (1.10 s)"
    ]


def test_an_op_that_fails_though_its_owner_is_well_is_violated():
    verdict = told(unanswered(1))
    assert texts(verdict) == [
        f"client-1 got no answer to its lookup of {KEY}, owned by {OWNER} (no), from 0.99 s on, after 0.01 s; {OWNER} "
        "was well before, meanwhile and afterwards (1.10 s)"
    ]
    assert told(unanswered(6, "info", took=5, f=read)).outcome == "violated"


def test_the_owner_must_be_heard_of_afterwards():
    verdict = told(passed_by(1), owner_until_s=0.9)
    assert (verdict.outcome, verdict.examined["unexamined"]) == ("unknown", 1)


def test_an_owner_that_ends_is_not_well():
    for seconds in (0.5, 0.995, 1.03):
        dies = exited(seconds, OWNER, PID, status=-9)
        assert told(served(0.4), passed_by(1), dies, owner_until_s=seconds - 0.1).outcome == "valid"


def test_a_signal_counts_from_the_moment_it_is_sent():
    assert told(served(0.4), passed_by(1), signalled(0.98, OWNER, PID, "TERM")).outcome == "valid"
    assert told(served(0.4), passed_by(1), signalled(1.01, OWNER, PID, "STOP")).outcome == "valid"


def test_a_fenced_owner_is_not_well_until_it_has_served_for_a_while():
    for f in ("fence", "serve", "lease-lost"):
        assert told(served(0.4), passed_by(1), op(0.995, OWNER, f, {"lease": 1})).outcome == "valid"
    assert told(passed_by(1), op(0.9, OWNER, "serve", {"lease": 1})).outcome == "violated"


def test_an_owner_that_calls_itself_fenced_is_not_well():
    fenced = samples(1.01, 1.05, OWNER, 5, every=0.01, pid=PID, state="fenced", took=0.001)
    assert told(served(0.4), passed_by(1), fenced).outcome == "valid"


@pytest.mark.parametrize("cuts", [[[[OWNER], ["client-1"]]], [[["client-1"], [OWNER, OTHER]]]])
def test_a_cut_between_client_and_owner_excuses_both_ways(cuts):
    cut = fault(0.5, "partition", 0, cuts=cuts)
    assert told(served(0.4), passed_by(1), cut).outcome == "valid"
    over = healed(0.8, "partition", 0)
    assert told(served(0.4), passed_by(0.895), cut, over).outcome == "valid"
    assert told(passed_by(1), cut, over).outcome == "violated"


def test_a_cut_that_is_not_healed_for_sure_excuses_for_ever():
    cut = fault(0.5, "partition", 0, cuts=[[[OWNER], ["client-1"]]])
    assert told(served(0.4), passed_by(1), cut, healed(0.8, "partition", 0, heal="absent")).outcome == "valid"


def test_a_cut_between_others_is_no_excuse():
    cut = fault(0.5, "partition", 0, cuts=[[[OTHER], ["client-1"]], [[OWNER], [OTHER]]])
    assert told(passed_by(1), cut).outcome == "violated"


def test_an_owner_cut_off_from_etcd_may_stop_serving_a_client_may_not_stop_asking():
    assert told(served(0.4), passed_by(1), fault(0.5, "isolate", 0, OWNER, cuts=cuts_around(OWNER))).outcome == "valid"
    blind = fault(0.5, "partition", 0, cuts=[[["client-1"], ["etcd-1"]], [["etcd-1"], ["client-1"]]])
    assert told(passed_by(1), blind).outcome == "violated"


def test_nothing_is_judged_while_etcd_may_not_serve():
    assert told(served(0.4), passed_by(1), fault(0.5, "kill", 0, "etcd-1")).outcome == "valid"


def test_nothing_is_judged_that_happened_while_the_observer_did_not_run():
    assert told(served(0.4), passed_by(1), reached(2, 10), until_s=0.9).outcome == "valid"


def test_an_op_that_took_long_counts_only_where_everybody_was_prompt():
    def slow(took):
        done = read(6, KEY, OWNER, 5, served_by=IDS[OTHER])
        return [asked_for(6 - took, done), done]

    busy = sampled(5.5, OTHER, 5, took=0.2)
    assert told(slow(1)).outcome == "violated"
    assert told(served(0.4), slow(1), busy).outcome == "valid"
    assert (
        told(served(0.4), slow(1), op(5.5, "observer", "reach", {"sent_ns": ns(5.2), "revision": 5})).outcome == "valid"
    )
    assert told(slow(0.3), sampled(5.9, OTHER, 5, took=0.2)).outcome == "violated"


def test_a_failure_under_two_views_has_no_owner_for_sure():
    changes = viewed(1.05, "client-1", 6, online=[OTHER], pid=PID)
    done = looked_up(1.1, KEY, OWNER, 5)
    failed = [asked_for(1, done), asked_for(1.1, done, "fail", "no")]
    assert told(served(0.4), failed, changes).outcome == "valid"


def test_an_owner_that_has_just_begun_is_not_well_yet():
    again = exited(0.1, OWNER, PID), started(0.2, OWNER, 8, 2), samples(0.3, 5, OWNER, 5, pid=8)
    assert told(served(0.05), passed_by(0.6), again, owner_until_s=0).outcome == "valid"
    assert told(passed_by(2), again, owner_until_s=0).outcome == "violated"


def test_what_happens_while_the_run_stops_is_not_judged():
    assert told(served(0.4), passed_by(1), phase(0.9, "stop", "invoke")).outcome == "valid"


def test_without_any_op_it_is_unknown():
    assert told().outcome == "unknown"


def test_it_applies_where_there_are_clients():
    assert INVARIANTS[NAME].applies(planned())
    assert not INVARIANTS[NAME].applies(planned(clients=()))


GUEST = replace(PLAN, guests={"client-1": ("program",)})


def of_guest(done, kind="ok", error=None, **value):
    """The same op as somebody else's client tells it."""
    told = {**{name: done.value[name] for name in done.value if name not in ("tried", "asked")}, "revision": None}
    return structs.replace(done, type=kind, error=error, value={**told, **value})


def read_by_guest(seconds, **value):
    done = read(seconds, KEY, OWNER, 5)
    return [asked_for(seconds - 0.01, done), of_guest(done, **value)]


def failed_by_guest(seconds, **owner):
    done = read(seconds, KEY, OWNER, 5)
    return [
        asked_for(seconds - 0.01, done),
        structs.replace(done, type="fail", error="no", value={"key": KEY, **owner}),
    ]


def beginning(length):
    return {"length": length, "sha256": sha256(content_of(PLAN.seed, KEY)[:length]).hexdigest()}


def test_a_guest_whose_owner_serves_is_valid():
    verdict = told(read_by_guest(1), plan=GUEST)
    assert (verdict.outcome, verdict.summary) == ("valid", "1 lookups and reads that were or should be served")


def test_a_guests_read_that_is_cut_short_counts_where_its_owner_was_well():
    verdict = told(read_by_guest(1, **beginning(50)), plan=GUEST)
    whole = len(content_of(PLAN.seed, KEY))
    assert texts(verdict)[0].startswith(f"client-1 read but 50 of the {whole} bytes of {KEY} from its owner {OWNER}, ")
    ends = exited(1.03, OWNER, PID, status=-9)
    unwell = told(read_by_guest(0.4), read_by_guest(1, **beginning(50)), ends, owner_until_s=0.9, plan=GUEST)
    assert (unwell.outcome, unwell.examined["unexamined"]) == ("valid", 1)


def test_a_guests_read_that_fails_counts_where_it_told_the_owner():
    assert told(failed_by_guest(1, owner=IDS[OWNER]), plan=GUEST).outcome == "violated"
    assert told(read_by_guest(0.4), failed_by_guest(1), plan=GUEST).outcome == "valid"
    assert told(read_by_guest(0.4), read_by_guest(1, owner=None), plan=GUEST).outcome == "valid"
    assert told(read_by_guest(0.4), failed_by_guest(1, owner="elsewhere:28080"), plan=GUEST).outcome == "valid"
