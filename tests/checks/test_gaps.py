import pytest

from harness.checks.gaps import BadValuesAreCounted, NoWatchGap
from tests.checks.telling import (
    CLUSTER,
    IDS,
    PLAN,
    WORKERS,
    alive,
    deleted,
    entity,
    joined,
    judged,
    on_record,
    planned,
    put,
    run_begins,
    snapshot,
    step,
    texts,
    viewed,
)

# no-watch-gap

JOINED = [joined(0.2 + number / 10, name, 5 + number, 11 + number) for number, name in enumerate(WORKERS)]
LEFT = deleted(3, alive("worker-3"), 8)
LOG = [snapshot(0.1, 4), JOINED, LEFT, snapshot(9, 8, JOINED[:2], JOINED[2][0]), run_begins()]
FIRST = viewed(1, "client-1", 7)
SECOND = viewed(4, "client-1", 8, WORKERS[:2], offline=WORKERS[2:])
LASTING = planned(step("kill", "worker-3"))


def without_gap(*ops, plan=LASTING):
    return judged("no-watch-gap", *ops, plan=plan)


def test_a_view_that_changes_as_etcds_log_says_is_valid():
    verdict = without_gap(LOG, FIRST, SECOND)
    assert (verdict.outcome, verdict.summary) == ("valid", "1 stride between 2 revisions")


def test_an_event_that_was_missed_is_told():
    [text] = texts(without_gap(LOG, FIRST, viewed(4, "client-1", 8)))
    assert text.startswith("from revision 7 to 8 (by 4.00 s) client-1 saw nothing that etcd's log does not have, and ")
    assert "missed worker-3 no longer online at worker-3:28080, worker-3 offline at worker-3:28080" in text


def test_an_event_that_never_was_is_told():
    [text] = texts(without_gap(LOG, FIRST, viewed(4, "client-1", 8, WORKERS[:1], offline=WORKERS[1:])))
    assert "saw worker-2 no longer online at worker-2:28080, worker-2 offline at worker-2:28080 that etcd's" in text


def test_a_view_that_is_wrong_all_the_time_has_no_gap():
    wrong = {"worker-1": "elsewhere"}
    verdict = without_gap(
        LOG,
        viewed(1, "client-1", 7, hosts=wrong),
        viewed(4, "client-1", 8, WORKERS[:2], offline=WORKERS[2:], hosts=wrong),
    )
    assert verdict.outcome == "valid"


def test_two_processes_are_no_stride():
    verdict = without_gap(LOG, FIRST, viewed(4, "client-1", 8, pid=2), viewed(4, "client-2", 8))
    assert (verdict.outcome, verdict.missing) == (
        "unknown",
        "no process was seen with one view and then with a newer one",
    )


def test_going_back_is_not_judged_here():
    assert without_gap(LOG, SECOND, FIRST, SECOND).outcome == "valid"


def test_a_log_with_a_gap_of_its_own_is_unknown():
    lost = put(2, on_record("worker-1"), 9, over=put(2, on_record("worker-1"), 9, over=JOINED[0][0]))
    verdict = without_gap(LOG, FIRST, SECOND, lost, snapshot(9.5, 9))
    assert (verdict.outcome, "missed what happened" in verdict.missing) == ("unknown", True)


def test_what_the_log_does_not_cover_is_not_judged():
    assert without_gap(LOG, FIRST, viewed(4, "client-1", 12)).outcome == "unknown"


def test_where_the_log_covers_less_than_half_of_the_strides_it_is_unknown():
    late = [viewed(9.5 + number / 10, "client-1", 12 + number) for number in range(2)]
    assert without_gap(LOG, FIRST, SECOND, late[0]).outcome == "valid"
    verdict = without_gap(LOG, FIRST, SECOND, late)
    assert (verdict.outcome, verdict.missing) == (
        "unknown",
        "only 1 of 3 strides are between revisions that the log covers",
    )


@pytest.mark.parametrize(
    ("steps", "applies"),
    [
        ([], False),
        ([step("kill", "worker-1", for_s=2.0)], False),
        ([step("kill", "worker-1")], True),
        ([step("restart", "worker-1", signal="TERM", down_for=0.1)], True),
        ([step("pause", "client-1", for_s=9.0)], False),
        ([step("corrupt", values=["empty"])], True),
    ],
)
def test_only_members_that_change_are_a_matter_of_gaps(steps, applies):
    assert NoWatchGap.applies(planned(*steps)) is applies
    assert not NoWatchGap.applies(planned(*steps, workers=("worker-1",), clients=()))


# bad-values-are-counted

SPOILT = planned(step("corrupt", values=["empty", "binary"], for_s=3.0))
NOBODY, STRAY = f"/DHT/{CLUSTER}/AUTHORIZED/worker-nobody", f"/ServiceDiscovery/{CLUSTER}/stray"
BAD = [put(2, NOBODY, 8, 0, ""), put(2, STRAY, 8, 0, r"\xff")]
HELD = [snapshot(0.1, 4), JOINED, BAD, snapshot(9, 8, JOINED, BAD), run_begins()]


def counted(*ops):
    return judged("bad-values-are-counted", *ops, plan=SPOILT)


def test_bad_values_that_are_rejected_by_name_are_valid():
    verdict = counted(HELD, FIRST, viewed(3, "client-1", 8, rejected=[NOBODY, STRAY]))
    assert (verdict.outcome, verdict.summary) == ("valid", "2 different views, 1 of them while a bad value stood")


@pytest.mark.parametrize(("rejected", "dropped"), [([STRAY], NOBODY), ([NOBODY], STRAY)])
def test_a_bad_value_of_which_a_view_says_nothing_is_told(rejected, dropped):
    [text] = texts(counted(HELD, viewed(3, "client-1", 8, rejected=rejected)))
    assert text == f"client-1's view at revision 8 says nothing of {dropped}, which etcd held"


def test_a_member_that_bad_values_crowd_out_is_told():
    [text] = texts(counted(HELD, viewed(3, "client-1", 8, WORKERS[:2], rejected=[NOBODY, STRAY])))
    assert f"says nothing of {on_record('worker-3')}, which etcd held" in text


def test_a_rejected_key_that_never_was_is_told():
    [text] = texts(counted(HELD, viewed(3, "client-1", 8, rejected=[NOBODY, STRAY, "/made/up"])))
    assert "rejects /made/up, which etcd did not hold" in text


def test_a_second_record_of_one_identity_has_to_be_rejected_too():
    twin = put(2.5, f"/DHT/{CLUSTER}/AUTHORIZED/twin", 9, 0, entity("worker-1"))
    story = [HELD[:3], twin, snapshot(9, 9, JOINED, BAD, twin), run_begins()]
    assert counted(story, viewed(3, "client-1", 9, rejected=[NOBODY, STRAY, twin.value["key"]])).outcome == "valid"
    assert counted(story, viewed(3, "client-1", 9, rejected=[NOBODY, STRAY])).outcome == "violated"


def test_an_alive_key_of_nobody_who_is_registered_is_nobodys():
    nobodys = put(2.5, alive("worker-4"), 9, 14, entity("worker-4"))
    story = [HELD[:3], nobodys, snapshot(9, 9, JOINED, BAD, nobodys), run_begins()]
    assert IDS["worker-4"] not in {IDS[name] for name in PLAN.workers}
    assert counted(story, viewed(3, "client-1", 9, rejected=[NOBODY, STRAY])).outcome == "valid"


def test_a_run_in_which_nobody_saw_a_bad_value_is_unknown():
    assert counted(HELD, FIRST).outcome == "unknown"
    assert counted().outcome == "unknown"


def test_where_the_log_covers_less_than_half_of_the_views_it_is_unknown():
    told = viewed(3, "client-1", 8, rejected=[NOBODY, STRAY])
    late = [viewed(9.5 + number / 10, "client-1", 12 + number) for number in range(2)]
    assert counted(HELD, told, late[0]).outcome == "valid"
    verdict = counted(HELD, told, late)
    assert (verdict.outcome, verdict.missing) == (
        "unknown",
        "only 1 of 3 different views are at revisions that the log covers",
    )


def test_only_plans_that_spoil_keys_are_judged():
    assert BadValuesAreCounted.applies(SPOILT)
    assert not BadValuesAreCounted.applies(PLAN)
