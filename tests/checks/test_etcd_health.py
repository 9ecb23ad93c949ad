"""What faults on single members of etcd do to the bound for workers that are gone."""

from dataclasses import replace

from harness.core.history import OBSERVER
from tests.checks.telling import cuts_around, fault, healed, op, signalled
from tests.checks.test_departures import KILLED, THREE, departure, killed, shown_until

THREE_MEMBERS = replace(KILLED, etcd=THREE)

MOVING_ON_S = 1 + 0.5
"""A call of half a TTL, and a refresh."""


def leads(seconds, member, term=2):
    return op(seconds, OBSERVER, "leader", {"member": member, "term": term})


def outcome(*ops):
    return departure(killed(), leads(0.1, "etcd-1"), *ops, plan=THREE_MEMBERS).outcome


def test_a_follower_that_is_away_delays_nobody_but_for_moving_on():
    paused = fault(4.5, "pause", 0, "etcd-2"), signalled(4.5, "etcd-2", 3, "STOP")
    assert outcome(shown_until(8.7)) == "violated"
    assert outcome(paused, shown_until(8.7)) == "unknown"
    assert outcome(paused, shown_until(8.7 + MOVING_ON_S)) == "violated"


def test_a_follower_that_is_cut_off_from_everybody_delays_nobody_but_for_moving_on():
    apart = fault(4.5, "isolate", 0, "etcd-2", cuts=cuts_around("etcd-2"))
    assert outcome(apart, shown_until(8.7)) == "unknown"
    assert outcome(apart, shown_until(8.8 + MOVING_ON_S)) == "violated"


def test_while_the_leader_is_away_nothing_is_due_and_from_the_next_one_on_the_whole_bound_counts():
    paused = fault(5.5, "pause", 0, "etcd-1")
    assert outcome(paused, shown_until(12)) == "unknown"
    elected = leads(6.5, "etcd-3", 3)
    assert outcome(paused, elected, shown_until(10.5)) == "unknown"
    assert outcome(paused, elected, shown_until(12.5)) == "violated"


def test_a_change_of_leader_without_any_fault_gives_leases_their_time_again():
    assert outcome(leads(7, "etcd-2", 3), shown_until(10.5)) == "unknown"
    assert outcome(leads(7, "etcd-2", 3), shown_until(11.5)) == "violated"


def test_what_a_follower_still_had_to_pass_on_may_renew_a_lease_when_it_thaws():
    paused, thawed = fault(4.5, "pause", 0, "etcd-2"), healed(7, "pause", 0, "etcd-2")
    assert outcome(paused, thawed, shown_until(10.5)) == "unknown"
    assert outcome(paused, thawed, shown_until(11.5)) == "violated"


def test_a_member_killed_for_good_stays_away_when_its_step_is_over():
    killed = fault(4.5, "kill", 0, "etcd-1"), healed(5.5, "kill", 0, "etcd-1", heal="not-applicable")
    assert outcome(killed, shown_until(12)) == "unknown"
