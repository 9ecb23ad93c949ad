import pytest

from harness.checks import INVARIANTS
from harness.core.plan import Etcd
from tests.checks.telling import (
    TTL_S,
    exited,
    granted,
    judged,
    op,
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
)

NAME = "one-registration-after-an-outage"
KILLED = planned(step("kill", "etcd-1", for_s=5.0))
THREE = Etcd(("etcd-1", "etcd-2", "etcd-3"))
ALLOWED_S = 1 + 1 + 3 * 0.1 + 0.05


def back_by(seconds, *, until_s=14.0):
    """worker-1 is fenced from 6 s on, until it is online again."""
    fenced = samples(6, seconds - 0.1, "worker-1", 5, state="fenced")
    return [*fenced, *samples(seconds, until_s, "worker-1", 5)]


def outage(*ops, until_s=10.0, answers_s=15.0):
    """etcd answers up to 5 s, and again from `until_s` to `answers_s`."""
    return judged(
        NAME,
        run_begins(),
        started(0, "worker-1", 1),
        granted(0.1, "worker-1", 11),
        registered(0.2, "worker-1", 11, 5),
        samples(1, 5.5, "worker-1", 5),
        reached(0, 5, revision=5),
        reached(5.1, until_s - 0.1, kind="fail"),
        reached(until_s, answers_s, revision=5),
        *ops,
        plan=KILLED,
    )


def anew(seconds, lease=12):
    return [granted(seconds, "worker-1", lease), registered(seconds + 0.01, "worker-1", lease, 9)]


def test_a_worker_that_goes_on_with_its_lease_in_time_is_valid():
    verdict = outage(back_by(10.5))
    assert verdict.outcome == "valid"
    assert verdict.summary == "1 outage, 1 worker back, 0 registered anew, slowest 0.50 s of 2.35 s allowed"


def test_one_new_registration_is_valid_and_a_second_is_violated():
    assert outage(back_by(10.5), anew(10.2)).outcome == "valid"
    verdict = outage(back_by(10.5), anew(10.2), anew(11, 13))
    assert texts(verdict) == [
        "worker-1 registered anew at 10.21 s and at 11.01 s, for the outage of etcd from 5.10 s to 10.00 s alone"
    ]


def test_a_lease_that_had_run_out_when_it_was_registered_at_last_costs_another_registration():
    late = [granted(10, "worker-1", 12), registered(10.1 + TTL_S, "worker-1", 12, 9)]
    assert outage(back_by(12.25), late, anew(10.11 + TTL_S, 13)).outcome == "valid"
    late = [granted(10, "worker-1", 12), registered(9.98 + TTL_S, "worker-1", 12, 9)]
    assert outage(back_by(12.25), late, anew(9.99 + TTL_S, 13)).outcome == "violated"


def test_a_registration_after_the_bound_has_another_cause():
    assert outage(back_by(10.5), anew(10.2), anew(13, 13)).outcome == "valid"


def test_a_worker_that_is_not_online_after_the_bound_is_violated_and_just_before_it_is_not():
    assert outage(back_by(10 + ALLOWED_S - 0.05)).outcome == "valid"
    verdict = outage(back_by(10 + ALLOWED_S + 0.3))
    assert texts(verdict) == [
        "worker-1 is fenced at 12.40 s, after the outage of etcd from 5.10 s to 10.00 s; "
        "2.35 s are allowed for being online again"
    ]


def test_an_outage_shorter_than_the_lease_asks_nothing():
    assert outage(back_by(13), until_s=7.0).outcome == "unknown"
    assert outage(back_by(13), until_s=7.4).outcome == "violated"


@pytest.mark.parametrize(
    "also",
    [
        signalled(10.1, "worker-1", 1, "STOP"),
        signalled(6, "worker-1", 1, "TERM"),
        exited(10.1, "worker-1", 1, status=-9),
        op(10.1, "worker-1", "removed", {"id": "worker-1"}),
    ],
)
def test_a_worker_that_something_else_befalls_is_not_judged(also):
    assert outage(back_by(13), also).outcome == "unknown"


def test_a_second_outage_lets_the_bound_count_anew():
    again = reached(11.01, 11.51, kind="fail")
    assert outage(back_by(13), again).outcome == "valid"
    assert outage(back_by(14.4, until_s=15.0), again).outcome == "violated"


def twice(*ops):
    """etcd answers from 10 s to 11.6 s, and again from 16.5 s on."""
    fenced = samples(12.5, 16.8, "worker-1", 5, state="fenced")
    again = reached(11.6, 16.4, kind="fail"), reached(16.5, 20, revision=5)
    return outage(*ops, *again, fenced, samples(17, 20, "worker-1", 5), answers_s=11.5)


def test_each_of_two_outages_may_cost_a_registration():
    back = back_by(10.5, until_s=12.0)
    verdict = twice(back, anew(10.2), anew(16.8, 13))
    assert (verdict.outcome, verdict.summary[:34]) == ("valid", "2 outages, 2 workers back, 2 regis")
    assert twice(back, anew(10.2), anew(11, 14), anew(16.8, 13)).outcome == "violated"
    assert twice(back, anew(10.2), anew(16.8, 13), anew(17.5, 14)).outcome == "violated"


def test_who_is_not_back_by_the_second_outage_counts_its_registrations_anew():
    fenced = samples(6, 12.4, "worker-1", 5, state="fenced")
    assert twice(fenced, anew(10.2), anew(16.8, 13)).outcome == "valid"
    assert twice(fenced, anew(10.2), anew(12, 14), anew(16.8, 13)).outcome == "valid"
    assert twice(fenced, anew(10.2), anew(16.8, 13), anew(17.5, 14)).outcome == "violated"


def test_one_slow_answer_is_an_outage_that_may_cost_a_registration_too():
    slow = reached(11, 11, took=0.95), reached(12, 15, revision=5)
    assert outage(back_by(10.5), anew(10.2), slow, anew(12.1, 13), answers_s=10.9).outcome == "valid"


def test_a_worker_that_the_machine_held_up_has_the_bound_from_then_on():
    heard_late = [*samples(6, 10, "worker-1", 5, state="fenced"), sampled(12.5, "worker-1", 5, state="fenced")]
    assert outage(heard_late, samples(13, 15, "worker-1", 5)).outcome == "valid"


def test_who_is_back_when_the_run_ends_was_in_time_and_of_others_nobody_knows():
    assert outage(back_by(10.5), phase(11, "stop", "invoke")).outcome == "valid"
    assert outage(back_by(11.5), phase(11, "stop", "invoke")).outcome == "unknown"


def test_no_outage_is_unknown():
    assert judged(NAME, run_begins(), reached(0, 5), plan=KILLED).outcome == "unknown"


@pytest.mark.parametrize(
    ("plan", "applies"),
    [
        (planned(), False),
        (KILLED, True),
        (planned(step("kill", "etcd-1", for_s=2.0)), False),
        (planned(step("pause", "etcd-1")), True),
        (planned(step("pause", "etcd-1"), tail_s=2.0), False),
        (planned(step("kill", "etcd-1")), False),
        (planned(step("kill", "worker-1", for_s=5.0)), False),
        (planned(step("kill", "etcd-1", for_s=5.0), etcd=THREE), False),
        (planned(step("kill", "etcd-1", "etcd-3", for_s=5.0), etcd=THREE), True),
        (planned(step("kill", "etcd-1", for_s=5.0), step("pause", "etcd-2", for_s=5.0), etcd=THREE), True),
        (planned(step("kill", "etcd-1", for_s=5.0), step("pause", "etcd-2", for_s=2.0), etcd=THREE), False),
        (planned(step("isolate", "etcd-1", "etcd-3", for_s=5.0), etcd=THREE), True),
        (planned(step("isolate", "etcd-1", for_s=5.0), etcd=THREE), False),
    ],
)
def test_it_applies_where_etcd_is_surely_out_of_reach_for_longer_than_a_lease(plan, applies):
    assert INVARIANTS[NAME].applies(plan) is applies
