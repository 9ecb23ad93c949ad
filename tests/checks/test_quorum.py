import pytest

from harness.checks.quorum import Quorum, in_majorities
from harness.core.links import one_way

THREE, FIVE = ("etcd-1", "etcd-2", "etcd-3"), ("etcd-1", "etcd-2", "etcd-3", "etcd-4", "etcd-5")


def quorum(leader, members=THREE):
    made = Quorum(members)
    made.leader = leader
    return made


@pytest.mark.parametrize(
    ("members", "away", "together"),
    [
        (THREE, (), THREE),
        (THREE, ("etcd-2",), ("etcd-1", "etcd-3")),
        (THREE, ("etcd-2", "etcd-3"), ()),
        (FIVE, ("etcd-1", "etcd-5"), ("etcd-2", "etcd-3", "etcd-4")),
        (FIVE, ("etcd-1", "etcd-2", "etcd-5"), ()),
        (("etcd-1",), (), ("etcd-1",)),
        (("etcd-1",), ("etcd-1",), ()),
    ],
)
def test_more_than_half_of_the_members_are_a_majority(members, away, together):
    assert in_majorities(members, away, ()) == frozenset(together)


def test_members_that_hear_each_other_in_one_direction_only_are_not_together():
    assert in_majorities(THREE, ("etcd-3",), one_way(["etcd-1"], ["etcd-2"])) == frozenset()


def test_two_members_that_lost_each_other_are_each_in_a_majority_with_the_third():
    assert in_majorities(THREE, (), one_way(["etcd-1"], ["etcd-2"])) == frozenset(THREE)


def test_etcd_serves_without_a_follower_and_not_without_its_leader():
    assert quorum("etcd-1").serves
    for leader, serves in (("etcd-1", True), ("etcd-2", False)):
        made = quorum(leader)
        made.stop(0, ["worker-1", "etcd-2"])
        assert made.serves is serves


def test_a_new_leader_among_those_that_are_well_serves():
    made = quorum("etcd-2")
    made.stop(0, ["etcd-2"])
    made.leader = "etcd-3"
    assert made.serves
    made.cut(1, one_way(["etcd-1"], ["etcd-3"]))
    assert not made.serves
    made.release(0)
    assert made.serves


def test_where_nobody_knows_who_leads_whatever_is_done_to_a_member_may_stop_etcd():
    made = quorum("")
    made.cut(0, one_way(["worker-1"], ["etcd-1"]))
    assert made.serves
    made.stop(1, ["etcd-1"])
    assert not made.serves


def test_a_single_member_leads():
    made = Quorum(["etcd-1"])
    assert made.serves
    made.stop(0, ["etcd-1"])
    assert not made.serves


def test_silent_are_members_that_are_away_alone_or_cut_off_from_who_asks():
    made = quorum("etcd-1")
    assert made.silent_to("worker-1") == 0
    made.cut(0, one_way(["worker-1"], ["etcd-3"]))
    assert (made.silent_to("worker-1"), made.silent_to("worker-2")) == (1, 0)
    made.stop(1, ["etcd-2"])
    assert (made.silent_to("worker-1"), made.silent_to("worker-2")) == (2, 1)


def test_a_step_without_members_touches_nothing():
    made = quorum("etcd-1")
    made.stop(0, ["worker-1"])
    made.cut(0, frozenset())
    assert not made.touches(0)
    assert made.cut_by(0) == set()
