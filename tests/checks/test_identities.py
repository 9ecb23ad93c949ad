import pytest

from tests.checks.telling import (
    IDS,
    alive,
    deleted,
    exited,
    granted,
    judged,
    kept,
    on_record,
    op,
    phase,
    put,
    registered,
    revoked,
    run_begins,
    sampled,
    samples,
    signalled,
    started,
    texts,
)

# one-live-process


def one_live_process(*ops):
    return judged("one-live-process", run_begins(), *ops)


def as_the_other(from_s, to_s, pid=2):
    return samples(from_s, to_s, "worker-2", 5, pid=pid, id=IDS["worker-1"])


def test_a_restarted_worker_is_one_live_process_after_the_other():
    verdict = one_live_process(
        started(0, "worker-1", 1),
        samples(1, 2, "worker-1", 5),
        exited(2.05, "worker-1", 1),
        started(2.1, "worker-1", 2, 2),
        samples(2.2, 3, "worker-1", 6, pid=2),
    )
    assert verdict.outcome == "valid"
    assert verdict.summary == "2 incarnations of 1 identity"


def test_two_workers_online_as_one_identity_are_violated():
    verdict = one_live_process(
        started(0, "worker-1", 1), started(0, "worker-2", 2), samples(1, 3, "worker-1", 5), as_the_other(2, 4)
    )
    assert texts(verdict) == [
        f"{IDS['worker-1']} was online twice from 2.00 s to 3.00 s: as worker-1 (pid 1, incarnation 1) from 1.00 s "
        "on, and as worker-2 (pid 2, incarnation 1)"
    ]


def test_taking_over_while_the_other_is_paused_is_one_live_process():
    paused = signalled(2, "worker-1", 1, "STOP")
    verdict = one_live_process(
        started(0, "worker-1", 1), started(0, "worker-2", 2), samples(1, 1.9, "worker-1", 5), paused, as_the_other(3, 4)
    )
    assert verdict.outcome == "valid"


def test_a_paused_process_that_thaws_as_the_identity_it_lost_is_violated():
    verdict = one_live_process(
        started(0, "worker-1", 1),
        started(0, "worker-2", 2),
        samples(1, 1.9, "worker-1", 5),
        signalled(2, "worker-1", 1, "STOP"),
        as_the_other(3, 6),
        signalled(5, "worker-1", 1, "CONT"),
        samples(5.1, 5.5, "worker-1", 5),
    )
    assert verdict.outcome == "violated"


def test_a_worker_that_fenced_itself_in_between_was_not_live_all_the_time():
    verdict = one_live_process(
        started(0, "worker-1", 1),
        started(0, "worker-2", 2),
        samples(1, 2, "worker-1", 5),
        op(2.1, "worker-1", "fence", {"lease": 1}),
        as_the_other(3, 4),
        samples(5, 6, "worker-1", 5),
    )
    assert verdict.outcome == "valid"


def test_a_single_sample_within_anothers_time_is_violated_and_beside_it_is_not():
    both = started(0, "worker-1", 1), started(0, "worker-2", 2), samples(1, 2, "worker-1", 5)
    assert one_live_process(*both, as_the_other(1.5, 1.5)).outcome == "violated"
    assert one_live_process(*both, as_the_other(2.001, 2.001)).outcome == "valid"


def test_no_worker_online_is_unknown():
    assert one_live_process().outcome == "unknown"


# no-premature-eviction


def no_eviction(*ops):
    return judged("no-premature-eviction", run_begins(), started(0, "worker-1", 1), *ops)


def held(until_s=5.0):
    """worker-1 has lease 11 of 2 s and keeps it alive until then."""
    ops = [granted(0.1, "worker-1", 11), registered(0.2, "worker-1", 11, 5), put(0.2, alive("worker-1"), 5, 11)]
    return [*ops, *(kept(t / 10, "worker-1", 11) for t in range(5, round(until_s * 10) + 1, 5))]


def test_a_key_that_expires_after_its_ttl_was_not_evicted():
    assert no_eviction(held(), deleted(7.5, alive("worker-1"), 9)).outcome == "valid"


def test_a_key_deleted_while_keepalives_are_acknowledged_is_violated():
    verdict = no_eviction(held(), deleted(5.1, alive("worker-1"), 9))
    assert texts(verdict) == [
        "worker-1's alive key was deleted at revision 9 (5.10 s), 1.90 s before the 2 s of the keepalive were over "
        "that it had sent at 5.00 s and etcd had acknowledged at 5.00 s; no worker says that it revoked it"
    ]
    assert [op.f for op in verdict.violations[0].ops] == ["put", "keepalive", "delete"]


def test_the_ttl_counts_from_when_the_last_acknowledged_keepalive_was_sent():
    slow = kept(6.5, "worker-1", 11, sent=5.1)
    assert no_eviction(held(), slow, deleted(7.05, alive("worker-1"), 9)).outcome == "violated"
    assert no_eviction(held(), slow, deleted(7.15, alive("worker-1"), 9)).outcome == "valid"


def test_a_lease_that_is_gone_too_early_is_violated():
    assert no_eviction(held(), kept(5.5, "worker-1", 11, ttl_s=0)).outcome == "violated"
    assert no_eviction(held(), kept(7.6, "worker-1", 11, ttl_s=0)).outcome == "valid"


@pytest.mark.parametrize("kind", ["ok", "info"])
def test_a_revoke_recorded_after_the_delete_explains_it(kind):
    given_back = revoked(5.2, "worker-1", 11, kind, sent=5.05)
    assert no_eviction(held(), deleted(5.1, alive("worker-1"), 9), given_back).outcome == "valid"


def test_a_revoke_sent_after_the_delete_explains_nothing():
    given_back = revoked(5.2, "worker-1", 11)
    assert no_eviction(held(), deleted(5.1, alive("worker-1"), 9), given_back).outcome == "violated"


def test_a_revoke_that_was_never_answered_may_have_been_sent_before():
    unanswered = op(5.2, "worker-1", "revoke", {"lease": 11}, "info")
    assert no_eviction(held(), deleted(5.1, alive("worker-1"), 9), unanswered).outcome == "valid"


def test_a_clean_stop_explains_a_delete_even_if_its_revoke_was_never_recorded():
    term = signalled(5.05, "worker-1", 1, "TERM")
    assert no_eviction(held(), term, deleted(5.1, alive("worker-1"), 9)).outcome == "valid"


def test_the_clean_stop_of_an_earlier_incarnation_explains_nothing():
    term = signalled(0.05, "worker-1", 1, "TERM")
    assert no_eviction(held(), term, deleted(5.1, alive("worker-1"), 9)).outcome == "violated"


def test_what_goes_while_the_run_is_stopped_was_not_evicted():
    stop = phase(5.05, "stop", "invoke")
    assert no_eviction(held(), stop, deleted(5.1, alive("worker-1"), 9)).outcome == "valid"


def test_a_removal_explains_a_delete():
    verdict = no_eviction(held(), deleted(5.1, alive("worker-1"), 9), deleted(5.1, on_record("worker-1"), 9))
    assert verdict.outcome == "valid"


def test_a_key_put_again_under_another_lease_is_judged_by_that_one():
    again = [granted(3, "worker-1", 12), put(3.1, alive("worker-1"), 8, 12)]
    assert no_eviction(held(2.0), again, deleted(5.2, alive("worker-1"), 9)).outcome == "valid"
    assert no_eviction(held(5.0), again, deleted(4.2, alive("worker-1"), 9)).outcome == "violated"


def test_a_lease_that_nobody_told_about_is_unexamined():
    verdict = no_eviction(held(), put(4, alive("worker-2"), 8, 99), deleted(4.1, alive("worker-2"), 9))
    assert (verdict.outcome, verdict.examined["unexamined"]) == ("valid", 1)


def test_no_acknowledged_keepalive_is_unknown():
    assert no_eviction(sampled(1, "worker-1", 5)).outcome == "unknown"
