from dataclasses import replace

import pytest

from harness.checks import INVARIANTS
from harness.core.plan import Etcd
from tests.checks.telling import (
    PLAN,
    cuts_around,
    exited,
    fault,
    granted,
    healed,
    judged,
    kept,
    phase,
    planned,
    reached,
    registered,
    run_begins,
    sampled,
    samples,
    signalled,
    started,
    step,
    texts,
    viewed,
)

NAME = "gone-worker-leaves-views"
KILLED = planned(step("kill", "worker-1"))
THREE = Etcd(("etcd-1", "etcd-2", "etcd-3"))
ALLOWED_S = 2 + 1 + 0.5 + 0.1 + 0.05
OTHERS = ("worker-2", "worker-3")


def departure(*ops, plan=KILLED, reach=True, last_ack=4.9):
    """worker-1 is online until something happens to it at 5 s; client-1 has seen it online at revision 5."""
    return judged(
        NAME,
        run_begins(),
        started(0, "worker-1", 1),
        started(0, "client-1", 7),
        granted(0.1, "worker-1", 11),
        registered(0.2, "worker-1", 11, 5),
        kept(last_ack, "worker-1", 11),
        viewed(1, "client-1", 5, pid=7),
        samples(1, 5, "client-1", 5, pid=7),
        reached(0, 12, revision=5) if reach else [],
        *ops,
        plan=plan,
    )


@pytest.mark.parametrize(("until_s", "outcome"), [(13, "valid"), (13.3, "violated")])
def test_one_read_of_etcd_that_took_long_lets_the_bound_count_anew(until_s, outcome):
    reads = reached(0, 7.9), reached(8, 8, took=0.95), reached(9, 15)
    killed = exited(5, "worker-1", 1, status=-9)
    assert departure(killed, reads, shown_until(until_s), dropped(until_s + 0.01), reach=False).outcome == outcome


def test_an_etcd_that_is_slow_all_the_time_convicts_nobody():
    reads = reached(0, 12, every=0.7, took=0.6)
    assert departure(exited(5, "worker-1", 1, status=-9), reads, shown_until(11), reach=False).outcome == "unknown"


def shown_until(seconds):
    return samples(5.1, seconds, "client-1", 5, pid=7)


def dropped(seconds, until_s=11.0):
    view = viewed(seconds, "client-1", 9, online=OTHERS, offline=["worker-1"], pid=7)
    return [*shown_until(seconds - 0.1), view, *samples(seconds, until_s, "client-1", 9, pid=7)]


def killed(seconds=5.0):
    return exited(seconds, "worker-1", 1, status=-9)


def test_a_killed_worker_that_leaves_the_view_in_time_is_valid():
    verdict = departure(killed(), dropped(7.9))
    assert verdict.outcome == "valid"
    assert verdict.summary == "1 departure, slowest 2.90 s of 3.65 s allowed"


def test_a_killed_worker_that_is_shown_after_the_bound_is_violated_once_per_observer():
    verdict = departure(killed(), shown_until(10))
    assert texts(verdict) == [
        "client-1 still shows worker-1 online at 8.70 s, at revision 5; worker-1 ended with status -9 at 5.00 s and "
        "can have renewed its lease at 5.00 s at the latest, 3.70 s before; 3.65 s are allowed"
    ]
    assert [op.f for op in verdict.violations[0].ops] == ["exit", "view", "sample"]


def test_a_late_departure_is_among_those_that_are_measured():
    assert departure(killed(), shown_until(10)).summary == "1 departure, slowest 3.70 s of 3.65 s allowed"


def test_nobody_asked_about_a_departure_measured_it_as_quick():
    unseen = samples(9, 10, "client-1", 9, pid=7)
    away = viewed(9, "client-1", 9, online=OTHERS, offline=["worker-1"], pid=7)
    assert "0.00 s" not in departure(killed(), away, unseen).summary


def test_it_may_stay_until_just_before_the_bound():
    assert departure(killed(), dropped(5 + ALLOWED_S - 0.02)).outcome == "valid"


def test_a_departure_seen_complete_before_the_bound_counts_even_if_the_run_ends_there():
    assert departure(killed(), dropped(7.5, until_s=7.6)).outcome == "valid"


def test_a_departure_nobody_saw_the_end_of_is_unknown():
    assert departure(killed(), shown_until(7)).outcome == "unknown"


def test_a_worker_that_was_started_again_before_the_bound_may_be_shown():
    back = started(7, "worker-1", 2, 2)
    assert departure(killed(), back, shown_until(11)).outcome == "unknown"


def test_the_bound_counts_from_the_last_acknowledgement_if_that_came_later():
    late = kept(5.5, "worker-1", 11)
    assert departure(killed(), late, dropped(9.0)).outcome == "valid"
    assert departure(killed(), late, dropped(9.4)).outcome == "violated"


def test_a_paused_worker_is_gone_until_it_thaws():
    stop, cont = signalled(5, "worker-1", 1, "STOP"), signalled(8, "worker-1", 1, "CONT")
    assert departure(stop, shown_until(10)).outcome == "violated"
    assert departure(stop, cont, shown_until(11)).outcome == "unknown"


def test_a_worker_cut_off_from_etcd_is_gone_and_one_that_can_still_be_heard_is_not():
    cut = fault(5, "isolate", 0, "worker-1", cuts=cuts_around("worker-1"))
    deaf = fault(5, "partition", 0, "worker-1", cuts=[[["etcd-1"], ["worker-1"]]])
    elsewhere = fault(5, "partition", 0, "worker-1", cuts=[[["worker-1"], ["worker-2", "client-1"]]])
    assert departure(cut, shown_until(10)).outcome == "violated"
    assert departure(deaf, shown_until(10)).outcome == "unknown"
    assert departure(elsewhere, shown_until(10)).outcome == "unknown"


def test_a_cut_without_proven_effect_makes_nobody_gone():
    cut = fault(5, "isolate", 0, "worker-1", cuts=cuts_around("worker-1"), effect="absent")
    assert departure(cut, shown_until(10)).outcome == "unknown"


def test_of_two_overlapping_cuts_the_last_to_heal_ends_the_departure():
    first = fault(5, "isolate", 0, "worker-1", cuts=cuts_around("worker-1"))
    second = fault(6, "isolate", 1, "worker-1", cuts=cuts_around("worker-1"), effect="not-applicable")
    heal = healed(7, "isolate", 0, "worker-1", heal="not-applicable")
    assert departure(first, second, heal, shown_until(10)).outcome == "violated"


def test_an_observer_that_was_paused_gets_until_it_could_read_again():
    stop, cont = signalled(6, "client-1", 7, "STOP"), signalled(9, "client-1", 7, "CONT")
    seen = [*shown_until(5.9), sampled(9.05, "client-1", 5, pid=7)]
    fresh = [viewed(9.5, "client-1", 9, online=OTHERS, pid=7), *samples(9.5, 11, "client-1", 9, pid=7)]
    assert departure(killed(), stop, cont, seen, fresh).outcome == "valid"
    assert departure(killed(), stop, cont, seen, samples(9.1, 11, "client-1", 5, pid=7)).outcome == "violated"


def test_an_observer_that_is_cut_off_is_not_judged_nor_while_tcp_backs_off():
    cut = fault(6, "isolate", 0, "client-1", cuts=cuts_around("client-1"))
    heal = healed(9, "isolate", 0, "client-1")
    assert departure(killed(), cut, shown_until(11)).outcome == "unknown"
    assert departure(killed(), cut, heal, shown_until(11)).outcome == "unknown"
    later = samples(11.1, 14, "client-1", 5, pid=7)
    assert departure(killed(), cut, heal, shown_until(11), later).outcome == "violated"


def test_an_outage_of_etcd_gives_every_lease_its_full_ttl_again():
    outage = [*reached(0, 5.5), *reached(5.6, 8.0, kind="fail"), *reached(8.1, 16)]
    assert departure(killed(), outage, shown_until(12), reach=False).outcome == "unknown"
    assert departure(killed(), outage, shown_until(16), reach=False).outcome == "violated"


def test_a_fault_of_etcd_itself_is_an_outage():
    paused, thawed = fault(5.5, "pause", 0, "etcd-1"), healed(8, "pause", 0, "etcd-1")
    assert departure(killed(), paused, thawed, shown_until(12)).outcome == "unknown"


def one_way(source, target):
    """As the nemesis records it: a partition's targets are all the nodes that it names, etcd's members too."""
    return fault(5, "partition", 0, source, target, cuts=[[[source], [target]]])


def test_a_worker_that_etcd_no_longer_hears_is_gone_while_etcd_serves_the_others():
    cut = one_way("worker-1", "etcd-1")
    assert departure(cut, dropped(8)).outcome == "valid"
    assert departure(cut, shown_until(10)).outcome == "violated"


def test_a_worker_that_no_longer_hears_etcd_may_keep_its_lease_without_knowing():
    assert departure(one_way("etcd-1", "worker-1"), shown_until(11)).outcome == "unknown"


def test_members_of_etcd_that_lose_each_other_may_not_serve():
    plan = replace(KILLED, etcd=THREE)
    apart = fault(5, "partition", 0, "etcd-1", "etcd-2", cuts=[[["etcd-1"], ["etcd-2"]]])
    assert departure(killed(), apart, shown_until(11), plan=plan).outcome == "unknown"
    assert departure(killed(), shown_until(11), plan=plan).outcome == "violated"


def test_what_a_worker_sent_while_it_was_cut_off_may_renew_its_lease_after_the_heal():
    """TCP sends again what was never acknowledged, though the process is stopped by then."""
    cut, heal = one_way("worker-1", "etcd-1"), healed(6.5, "partition", 0, "worker-1", "etcd-1")
    stop = signalled(6, "worker-1", 1, "STOP")
    assert departure(cut, stop, heal, dropped(9.5)).outcome == "valid"
    assert departure(cut, stop, heal, reached(12, 14, revision=5), shown_until(14)).outcome == "violated"


def test_while_the_observer_did_not_run_nothing_is_late():
    gap = [*reached(0, 6), *reached(8, 12)]
    assert departure(killed(), gap, shown_until(10), reach=False).outcome == "unknown"
    assert departure(killed(), gap, shown_until(11.5), reach=False).outcome == "violated"


def test_slow_reads_of_etcd_make_the_bound_longer():
    slow = reached(0, 12, took=0.3)
    assert departure(killed(), slow, dropped(9.5), reach=False).outcome == "valid"


def test_a_node_that_was_not_heard_for_a_while_is_given_time():
    quiet = [*shown_until(6), *samples(8.8, 9.3, "client-1", 5, pid=7)]
    assert departure(killed(), quiet).outcome == "unknown"
    assert departure(killed(), quiet, samples(9.4, 9.8, "client-1", 5, pid=7)).outcome == "violated"


def test_the_time_scale_stretches_the_bound():
    assert departure(killed(), shown_until(11), plan=replace(KILLED, time_scale=2.0)).outcome == "unknown"


def test_a_sample_whose_view_is_not_known_yet_proves_nothing():
    ahead = samples(5.1, 10, "client-1", 9, pid=7)
    assert departure(killed(), ahead).outcome == "unknown"


def test_after_the_stop_nothing_is_judged():
    assert departure(killed(), phase(5.5, "stop", "invoke"), shown_until(11)).outcome == "unknown"


def test_the_gone_worker_itself_is_no_observer():
    itself = [viewed(1, "worker-1", 5), *samples(5.1, 11, "worker-1", 5)]
    cut = fault(5, "partition", 0, "worker-1", cuts=[[["worker-1"], ["etcd-1"]]])
    assert departure(cut, itself).outcome == "unknown"


def test_no_departure_is_unknown():
    assert departure().outcome == "unknown"


@pytest.mark.parametrize(
    ("plan", "applies"),
    [
        (PLAN, False),
        (KILLED, True),
        (planned(step("pause", "worker-1", for_s=6.0)), True),
        (planned(step("pause", "worker-1", for_s=1.0)), False),
        (planned(step("pause", "worker-1")), False),
        (planned(step("pause", "client-1", for_s=6.0)), False),
        (planned(step("restart", "worker-1", signal="KILL", down_for=1.0)), False),
        (planned(step("restart", "etcd-1", signal="KILL", down_for=6.0)), False),
        (planned(step("partition", for_s=6.0, groups=[["worker-1"], ["rest"]])), True),
        (planned(step("partition", for_s=6.0, groups=[["worker-1", "etcd-1"], ["client-1"]])), False),
        (planned(step("partition", for_s=6.0, from_=["worker-1"], to=["rest"])), True),
        (planned(step("partition", for_s=6.0, from_=["rest"], to=["worker-1"])), False),
        (planned(step("partition", for_s=6.0, groups=[["etcd-1"], ["rest"]])), False),
        (planned(step("partition", for_s=6.0, groups=[["etcd-1"], ["worker-1", "client-1"]])), True),
        (planned(step("isolate", "worker-1", for_s=6.0)), True),
        (planned(step("isolate", "etcd-1", for_s=6.0)), False),
        (planned(step("isolate", "etcd-1", "worker-1", for_s=6.0)), False),
        (planned(step("isolate", "worker-1", for_s=6.0), etcd=THREE), True),
        (planned(step("isolate", "etcd-1", "worker-1", for_s=6.0), etcd=THREE), False),
        (planned(step("kill", "worker-1", for_s=5.0), etcd=THREE), True),
        (planned(step("kill", "worker-1", for_s=5.0), step("kill", "etcd-2", for_s=5.0), etcd=THREE), False),
        (planned(step("kill", "worker-1", for_s=6.0), step("kill", "etcd-2", for_s=5.0), etcd=THREE), True),
        (planned(step("kill", "worker-1", for_s=5.0), step("kill", "leader", for_s=5.0), etcd=THREE), False),
        (planned(step("partition", for_s=6.0, from_=["worker-1"], to=["etcd-1"]), etcd=THREE), False),
        (planned(step("pause", "etcd-1", "worker-1", for_s=6.0)), False),
        (planned(step("kill", *PLAN.workers, *PLAN.clients)), False),
        (planned(step("decommission", "worker-1", stop="TERM")), True),
        (planned(step("decommission", "worker-1", stop="none")), False),
        (planned(step("rolling-restart", *PLAN.workers, down_for=1.0, between=9.0)), False),
        (planned(step("rolling-restart", *PLAN.workers, down_for=6.0, between=0.0)), True),
    ],
)
def test_it_applies_where_a_worker_is_gone_for_long_enough(plan, applies):
    assert INVARIANTS[NAME].applies(plan) is applies
