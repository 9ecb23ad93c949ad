from dataclasses import replace

import pytest

from harness.checks import INVARIANTS
from harness.core.history import OBSERVER, OPERATOR
from harness.core.plan import Etcd
from tests.checks.telling import (
    alive,
    cuts_around,
    deleted,
    fault,
    granted,
    healed,
    judged,
    kept,
    op,
    planned,
    put,
    registered,
    revoked,
    run_begins,
    signalled,
    started,
    step,
    texts,
)

NAME = "leader-change-changes-nothing"
THREE = Etcd(("etcd-1", "etcd-2", "etcd-3"))
PLAN = planned(step("kill", "leader", for_s=4.0), etcd=THREE)
FIRST = put(0.2, alive("worker-1"), 5, 11)


def leads(seconds, member, term):
    return op(seconds, OBSERVER, "leader", {"member": member, "term": term})


def election(*ops, elected_s=11.0, kept_until_s=12.0, plan=PLAN):
    """worker-1 has lease 11 of 2 s and keeps it alive; etcd-2 is elected after etcd-1."""
    return judged(
        NAME,
        run_begins(),
        leads(0.05, "etcd-1", 2),
        started(0, "worker-1", 1),
        granted(0.1, "worker-1", 11),
        registered(0.2, "worker-1", 11, 5),
        FIRST,
        [kept(t / 10, "worker-1", 11) for t in range(5, round(kept_until_s * 10) + 1, 5)],
        leads(elected_s, "etcd-2", 3) if elected_s else [],
        *ops,
        plan=plan,
    )


def anew(seconds, lease=12):
    return put(seconds, alive("worker-1"), 9, lease, over=FIRST)


def test_an_election_that_nobody_notices_is_valid():
    verdict = election()
    assert verdict.outcome == "valid"
    assert verdict.summary == "1 election after the first, 7 keepalives near them"


def test_a_worker_that_registers_anew_while_its_lease_is_alive_is_violated():
    assert texts(election(anew(12.5))) == [
        "worker-1's key was written anew at revision 9 (12.50 s), though its lease of 2 s was alive until 14.00 s at "
        "least and nothing was done to worker-1; etcd-2 was elected by 11.00 s"
    ]


def test_a_worker_that_leaves_while_its_lease_is_alive_is_violated():
    assert election(deleted(12.5, alive("worker-1"), 9)).outcome == "violated"
    assert election(deleted(14.1, alive("worker-1"), 9)).outcome == "valid"


def test_one_that_registers_before_the_new_leader_is_seen_does_so_for_the_same_reason():
    assert election(anew(9.1)).outcome == "violated"
    assert election(anew(8.9)).outcome == "valid"


def test_what_happens_long_after_an_election_is_not_its_doing():
    assert election(anew(13.9), kept_until_s=14.0).outcome == "violated"
    assert election(anew(14.1), kept_until_s=14.0).outcome == "valid"


def test_the_ttl_that_counts_is_the_granted_one():
    asked = replace(PLAN, properties={**PLAN.properties, "alluxio.worker.failure.detection.timeout": "1s"})
    assert election(anew(13.9), kept_until_s=14.0, plan=asked).outcome == "violated"


def test_a_registration_whose_answer_was_lost_may_be_made_once_more():
    assert election(anew(12.5, lease=11)).outcome == "valid"


@pytest.mark.parametrize(
    "also",
    [
        signalled(12.2, "worker-1", 1, "TERM"),
        signalled(9, "worker-1", 1, "STOP"),
        started(12.3, "worker-1", 2, 2),
        fault(9, "isolate", 1, "worker-1", cuts=cuts_around("worker-1")),
        [fault(2, "isolate", 1, "worker-1", cuts=cuts_around("worker-1")), healed(10, "isolate", 1, "worker-1")],
        op(10, "worker-1", "removed", {"id": "worker-1"}),
        op(10, OPERATOR, "remove-worker", {"id": "worker-1"}),
    ],
)
def test_what_was_done_to_the_worker_is_reason_enough(also):
    assert election(anew(12.5), also).outcome == "valid"


def test_what_was_done_to_members_of_etcd_and_other_workers_is_none():
    others = fault(10, "kill", 0, "etcd-1"), signalled(10, "etcd-1", 3, "KILL"), signalled(10, "worker-2", 4, "STOP")
    assert election(anew(12.5), others).outcome == "violated"


def test_a_lease_given_back_is_no_longer_alive():
    gone = deleted(12.5, alive("worker-1"), 9)
    assert election(gone, revoked(12.4, "worker-1", 11)).outcome == "valid"
    assert election(gone, revoked(12.4, "worker-1", 11), revoked(20, "worker-1", 11)).outcome == "valid"


def test_a_lease_given_back_later_was_alive_until_then():
    gone = deleted(12.5, alive("worker-1"), 9)
    assert election(gone, revoked(12.6, "worker-1", 11)).outcome == "violated"


def test_no_election_is_unknown():
    assert election(elected_s=None).outcome == "unknown"


def test_without_a_keepalive_near_an_election_it_is_unknown():
    verdict = election(kept_until_s=8.9)
    assert (verdict.outcome, verdict.missing) == ("unknown", "no keepalive was acknowledged near an election")
    assert election(kept_until_s=9.0).outcome == "valid"
    later = kept(13.9, "worker-1", 11), kept(14.1, "worker-1", 11)
    assert [election(one, kept_until_s=8.9).outcome for one in later] == ["valid", "unknown"]


@pytest.mark.parametrize(
    ("plan", "applies"),
    [
        (PLAN, True),
        (planned(step("kill", "etcd-1", for_s=4.0)), False),
        (planned(step("kill", "leader", for_s=1.0), etcd=THREE), False),
        (planned(step("restart", "leader", signal="TERM", down_for=1.0), etcd=THREE), True),
        (planned(step("restart", "leader", signal="KILL", down_for=1.0), etcd=THREE), False),
        (planned(step("kill", "etcd-1", for_s=4.0), etcd=THREE), False),
        (planned(step("kill", "etcd-1", "etcd-2", for_s=4.0), etcd=THREE), True),
    ],
)
def test_it_applies_where_a_leader_is_surely_replaced(plan, applies):
    assert INVARIANTS[NAME].applies(plan) is applies
