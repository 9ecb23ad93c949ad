from harness.checks import INVARIANTS
from tests.checks.telling import (
    alive,
    joined,
    judged,
    on_record,
    planned,
    put,
    run_begins,
    sampled,
    snapshot,
    texts,
    viewed,
)
from tests.checks.two_workers import BOTH, LAST, LOG, WORKER_1, WORKER_2

# views-are-what-etcd-held


def as_held(*ops, log=LOG, last=LAST):
    return judged("views-are-what-etcd-held", log, *ops, last)


def test_views_that_etcd_held_are_valid():
    verdict = as_held(
        viewed(1.2, "client-1", 5, online=["worker-1"]),
        viewed(1.7, "client-1", 6, online=BOTH),
        viewed(4, "client-1", 7, online=["worker-1"], offline=["worker-2"]),
        viewed(4, "client-2", 8, online=["worker-1"], offline=["worker-2"]),
    )
    assert (verdict.outcome, verdict.summary) == ("valid", "4 views at 4 revisions")


def test_a_view_with_a_member_that_etcd_did_not_have_is_violated():
    verdict = as_held(viewed(4, "client-1", 7, online=BOTH))
    assert texts(verdict) == [
        "client-1's view at revision 7 (4.00 s) has worker-2 online at worker-2:28080; "
        "etcd had worker-2 offline at worker-2:28080"
    ]


def test_a_stale_view_is_not_flagged():
    assert as_held(viewed(8, "client-1", 6, online=BOTH)).outcome == "valid"


def test_a_view_of_a_revision_that_the_observer_has_not_heard_of_yet_is_not_flagged():
    early = viewed(2.9, "client-1", 7, online=["worker-1"], offline=["worker-2"])
    assert as_held(early).outcome == "valid"


def test_an_address_of_before_is_violated():
    text = joined(2, "worker-1", 7, 13, host="elsewhere")[1].value["text"]
    moved = put(2, alive("worker-1"), 7, 13, text, over=WORKER_1[1])
    log = [run_begins(), snapshot(0.1, 4), WORKER_1, moved]
    last = snapshot(9, 7, WORKER_1[0], moved)
    stale, fresh = (viewed(3, "client-1", 7, online=["worker-1"], hosts=h) for h in ({}, {"worker-1": "elsewhere"}))
    assert as_held(fresh, log=log, last=last).outcome == "valid"
    assert texts(as_held(stale, log=log, last=last)) == [
        "client-1's view at revision 7 (3.00 s) has worker-1 online at worker-1:28080; "
        "etcd had worker-1 online at elsewhere:28080"
    ]


def test_a_key_that_cannot_be_read_must_be_told_as_rejected():
    bad = put(2, alive("worker-4"), 7, 14, "no entity")
    log, last = [run_begins(), snapshot(0.1, 4), WORKER_1, bad], snapshot(9, 7, WORKER_1, bad)
    told = viewed(3, "client-1", 7, online=["worker-1"], rejected=[alive("worker-4")])
    silent = viewed(3, "client-1", 7, online=["worker-1"])
    assert as_held(told, log=log, last=last).outcome == "valid"
    assert as_held(silent, log=log, last=last).outcome == "violated"


def test_a_view_beyond_the_last_snapshot_is_unexamined():
    verdict = as_held(viewed(9.5, "client-1", 9, online=[]))
    assert (verdict.outcome, verdict.examined["unexamined_revisions"]) == ("unknown", 1)


def test_where_the_log_covers_less_than_half_of_the_revisions_it_is_unknown():
    right = viewed(4, "client-1", 7, online=["worker-1"], offline=["worker-2"])
    late = [viewed(9.5 + number / 10, "client-1", 9 + number, online=[]) for number in range(2)]
    assert as_held(right, late[0]).outcome == "valid"
    verdict = as_held(right, late)
    assert (verdict.outcome, verdict.missing) == (
        "unknown",
        "only 1 of 3 revisions of views are among those that the log covers",
    )


def test_a_log_that_disagrees_with_the_last_snapshot_proves_nothing():
    verdict = as_held(viewed(4, "client-1", 7, online=BOTH), last=snapshot(9, 8, WORKER_1))
    assert verdict.outcome == "unknown"
    assert verdict.missing == f"the observer's watch and the snapshot at revision 8 differ on {on_record('worker-2')}"


def test_a_delete_that_the_watch_missed_shows_when_the_key_comes_again():
    again = put(5, alive("worker-2"), 8, 22, WORKER_2[1].value["text"])
    missed, whole = [*LOG[:4], again], [*LOG, again]
    last = snapshot(9, 8, WORKER_1, WORKER_2[0], again)
    view = viewed(4, "client-1", 7, online=["worker-1"], offline=["worker-2"])
    assert as_held(view, log=whole, last=last).outcome == "valid"
    verdict = as_held(view, log=missed, last=last)
    assert (verdict.outcome, verdict.missing) == (
        "unknown",
        f"the observer's watch missed what happened to {alive('worker-2')} before revision 8",
    )


def test_without_a_snapshot_at_the_end_the_log_may_be_incomplete():
    assert judged("views-are-what-etcd-held", LOG, viewed(4, "client-1", 7, online=BOTH)).outcome == "unknown"


def test_no_history_is_unknown():
    assert judged("views-are-what-etcd-held").outcome == "unknown"


# revisions-never-go-back


def never_back(*ops):
    return judged("revisions-never-go-back", run_begins(), *ops)


def test_growing_revisions_are_valid():
    verdict = never_back(sampled(1, "client-1", 5), sampled(2, "client-1", 5), sampled(3, "client-1", 7))
    assert (verdict.outcome, verdict.summary) == ("valid", "3 samples of 1 incarnation")


def test_a_revision_that_goes_back_is_violated():
    verdict = never_back(sampled(1, "client-1", 7), sampled(2, "client-1", 5))
    assert texts(verdict) == [
        "client-1 (pid 1) had a view at revision 7 at 1.00 s, and one at revision 5 at 2.00 s",
    ]


def test_a_new_process_may_begin_at_an_older_revision():
    ops = [sampled(1, "client-1", 7), sampled(1.1, "client-1", 7), sampled(2, "client-1", 5, pid=2)]
    assert never_back(*ops).outcome == "valid"


def test_two_samples_under_way_at_once_are_not_compared():
    assert never_back(sampled(1, "client-1", 7), sampled(1.5, "client-1", 5, took=0.7)).outcome == "valid"
    assert never_back(sampled(1, "client-1", 7), sampled(1.5, "client-1", 5, took=0.3)).outcome == "violated"


def test_samples_without_a_view_are_unknown():
    assert never_back(sampled(1, "client-1", None), sampled(2, "client-1", None)).outcome == "unknown"


# equal-revisions-equal-views


def equal(*ops):
    return judged("equal-revisions-equal-views", run_begins(), *ops)


def test_observers_that_agree_at_one_revision_are_valid():
    verdict = equal(viewed(1, "client-1", 5), viewed(2, "worker-1", 5), viewed(2, "client-2", 6))
    assert (verdict.outcome, verdict.summary) == ("valid", "3 views by 3 observers, 1 revision seen by several")


def test_observers_that_disagree_at_one_revision_are_violated():
    verdict = equal(viewed(1, "client-1", 5), viewed(2, "client-2", 5, online=BOTH))
    assert texts(verdict) == [
        "at revision 5 client-1 has worker-3 online at worker-3:28080 (1.00 s); "
        "client-2 has worker-3 not at all (2.00 s)"
    ]


def test_different_views_at_different_revisions_are_no_disagreement_but_no_evidence_either():
    assert equal(viewed(1, "client-1", 5), viewed(2, "client-2", 6, online=BOTH)).outcome == "unknown"


def test_agreement_needs_two_observers():
    assert not INVARIANTS["equal-revisions-equal-views"].applies(planned(workers=("worker-1",), clients=()))
