"""What is made of the ops of a run while it lasts, where members come and go."""

from dataclasses import replace

import pytest

from harness.cluster.status import Status
from harness.core.history import OBSERVER, OPERATOR
from harness.core.plan import Etcd
from tests.checks.telling import (
    IDS,
    PLAN,
    WORKERS,
    alive,
    deleted,
    exited,
    flat,
    joined,
    kept,
    on_record,
    op,
    reached,
    sampled,
    snapshot,
    started,
    viewed,
)

OTHERS = ("worker-1", "worker-3")


class Rig:
    def __init__(self):
        self.deaths = []
        self.status = Status(PLAN, lambda name, why: self.deaths.append(name))

    def hear(self, *ops):
        for one in flat(ops):
            self.status.hear(one)
        return self.status


@pytest.fixture
def rig():
    """Three workers run and are online, and all see all; worker-2's process is 2."""
    rig = Rig()
    members = [joined(0.1, name, number, number) for number, name in enumerate(WORKERS, start=2)]
    rig.hear(snapshot(0, 1), members, [started(0.2, name, int(name[-1])) for name in WORKERS])
    rig.hear([viewed(0.5, name, 4, pid=int(name[-1])) for name in WORKERS])
    return rig


def asked(number, kind="ok", **value):
    return op(3, OPERATOR, "remove-worker", {"id": IDS["worker-2"], **value}, kind, id=number)


REMOVED = [deleted(2, alive("worker-2"), 8), asked(1, revision=9), deleted(3, on_record("worker-2"), 9)]


def test_a_worker_is_offline_while_it_is_registered_and_in_no_state_once_it_is_removed(rig):
    states = [rig.hear(one).membership().get("worker-2") for one in (REMOVED[0], REMOVED[2])]
    assert states == ["offline", None]
    assert rig.status.membership() == dict.fromkeys(OTHERS, "online")


def test_a_removal_is_told_by_its_revision(rig):
    assert rig.status.removed_at("worker-2") == 0
    assert rig.hear(REMOVED).removed_at("worker-2") == 9
    assert rig.status.removed_at("worker-1") == 0


def test_the_operators_answers_are_kept_by_number_and_its_questions_are_none(rig):
    assert rig.hear(asked(7, "invoke")).answer(7) is None
    assert rig.hear(asked(7, "fail")).answer(7).type == "fail"
    assert rig.status.answer(8) is None


def test_views_agree_only_when_a_removed_worker_has_left(rig):
    assert rig.status.views_agree()
    rig.hear(REMOVED, [viewed(4, name, 9, OTHERS, pid=int(name[-1])) for name in OTHERS])
    assert rig.status.disagreement() == "worker-2 was removed from the cluster, and runs still"
    assert rig.hear(exited(5, "worker-2", 2)).views_agree()


def test_a_removal_that_etcd_refused_removes_nobody(rig):
    assert rig.hear(asked(1, "fail")).views_agree()


def test_whoever_is_started_again_after_its_removal_is_expected_in_views(rig):
    rig.hear(REMOVED, exited(5, "worker-2", 2), started(6, "worker-2", 4, 2))
    rig.hear([viewed(7, name, 9, OTHERS, pid=int(name[-1])) for name in OTHERS])
    assert rig.status.disagreement() == "worker-1 at revision 0 lacks worker-2, has nobody too many"


def test_whoever_shows_a_worker_online_or_offline_is_told_while_it_runs(rig):
    rig.hear(viewed(4, "worker-1", 9, OTHERS, offline=("worker-2",)), viewed(4, "worker-3", 9, OTHERS, pid=3))
    assert rig.status.showing("worker-2") == ("worker-1", "worker-2")
    assert rig.hear(exited(5, "worker-2", 2)).showing("worker-2") == ("worker-1",)


def test_leaving_after_a_removal_is_no_death_and_leaving_without_one_is(rig):
    rig.hear(op(4, "worker-2", "removed", {"id": IDS["worker-2"]}), exited(5, "worker-2", 2, asked=False, status=3))
    assert rig.deaths == []
    rig.hear(exited(5, "worker-3", 3, asked=False, status=3))
    assert rig.deaths == ["worker-3"]


def test_a_process_is_ready_once_it_says_that_it_is_online(rig):
    rig.hear(exited(5, "worker-2", 2), started(6, "worker-2", 4, 2))
    assert not rig.status.is_ready("worker-2")
    assert rig.hear(sampled(7, "worker-2", 9, pid=4, incarnation=2)).is_ready("worker-2")


def test_a_guest_agrees_by_its_members_alone(rig):
    rig.hear(started(0.2, "client-1", 9))
    assert rig.status.disagreement().startswith("client-1 at revision 0 lacks worker-1")
    told = {"pid": 9, "incarnation": 1, "revision": None, "members": [IDS[name] for name in WORKERS]}
    assert rig.hear(sampled(1, "client-1", None, pid=9), op(1, "client-1", "members", told)).views_agree()
    assert rig.status.is_ready("client-1")
    rig.hear(op(2, "client-1", "members", {**told, "members": told["members"][1:]}))
    assert rig.status.disagreement() == "client-1 at revision 0 lacks worker-1, has nobody too many"


# several members of etcd

THREE = replace(PLAN, etcd=Etcd(("etcd-1", "etcd-2", "etcd-3")))


def heard(*ops, plan=THREE):
    status = Status(plan, lambda name, why: None)
    for one in ops:
        status.hear(one)
    return status


def answers(seconds, member, kind="ok"):
    return op(seconds, OBSERVER, "member", {"member": member, "sent_ns": op(seconds, "", "", {}).time_ns}, kind)


def leads(seconds, member, term=2):
    return op(seconds, OBSERVER, "leader", {"member": member, "term": term})


def test_one_of_several_members_is_ready_once_it_answered_itself():
    begun = started(1, "etcd-1", 1), started(1, "etcd-2", 2)
    assert not heard(*begun, *reached(1.1, 2)).is_ready("etcd-1")
    assert not heard(*begun, answers(2, "etcd-2")).is_ready("etcd-1")
    assert not heard(*begun, answers(2, "etcd-1", "fail")).is_ready("etcd-1")
    assert heard(*begun, answers(2, "etcd-1")).is_ready("etcd-1")


def test_what_a_member_answered_before_it_was_started_again_does_not_count():
    again = started(1, "etcd-1", 1), answers(2, "etcd-1"), exited(3, "etcd-1", 1), started(4, "etcd-1", 2, 2)
    assert not heard(*again).is_ready("etcd-1")
    assert heard(*again, answers(5, "etcd-1")).is_ready("etcd-1")


def test_a_single_member_is_ready_once_etcd_was_reached():
    assert heard(started(1, "etcd-1", 1), *reached(1.1, 1.2), plan=PLAN).is_ready("etcd-1")
    assert not heard(*reached(0.5, 0.9), started(1, "etcd-1", 1), plan=PLAN).is_ready("etcd-1")


def test_the_leader_is_the_last_one_elected_as_long_as_it_runs():
    running = started(1, "etcd-1", 1), started(1, "etcd-2", 2)
    assert heard(*running).leader() == ""
    elected = *running, leads(2, "etcd-1"), leads(3, "etcd-2", 3)
    assert heard(*elected).leader() == "etcd-2"
    assert heard(*elected, exited(4, "etcd-2", 2)).leader() == ""


def test_who_asked_a_client_by_hand_finds_its_answer_and_no_other(rig):
    value = {"key": "a", "owner": IDS["worker-1"], "revision": 4}
    rig.hear(op(1, "client-1", "lookup", {"key": "a"}, "invoke", id=-2), op(1, "client-1", "lookup", value, id=2))
    assert rig.status.answer(-2) is None
    assert rig.hear(op(1, "client-1", "lookup", value, id=-2)).answer(-2).value == value
    assert rig.status.answer(2) is None


def test_a_lease_was_kept_once_etcd_has_acknowledged_it_or_when_nobody_runs_who_could_keep_one(rig):
    assert not rig.status.is_kept()
    assert not rig.hear(kept(1, "worker-1", 2, ttl_s=0)).is_kept()
    assert rig.hear(kept(1, "worker-1", 2)).is_kept()


def test_no_keepalive_is_waited_for_where_no_worker_runs(rig):
    assert rig.hear([exited(5, name, int(name[-1])) for name in WORKERS]).is_kept()


def test_views_agree_at_the_newest_revision_of_those_who_run(rig):
    newer = sampled(1, "worker-1", 9), sampled(1, "worker-2", 6, pid=2), sampled(1, "worker-3", 7, pid=3)
    assert rig.hear(newer).agreement() == "views agree at revision 9"
    assert rig.hear(exited(2, "worker-1", 1)).agreement() == "views agree at revision 7"


def test_where_nobody_is_left_no_views_are_said_to_agree(rig):
    rig.hear([exited(2, name, int(name[-1])) for name in WORKERS])
    assert rig.status.disagreement() == "etcd has worker-1, worker-2, worker-3 online, and none of them runs"
    rig.hear([deleted(4, alive(name), number) for number, name in enumerate(WORKERS, 8)])
    assert not rig.status.disagreement()
    assert rig.status.agreement() == "no node that has a view runs"


def test_nodes_that_come_later_are_known_from_then_on_and_nothing_is_forgotten(rig):
    grown = replace(PLAN, joiners=("worker-4",))
    rig.status.grow(grown)
    assert rig.status.seen("worker-1") == (3, 0)
    rig.hear(started(5, "worker-4", 9), sampled(6, "worker-4", 4, pid=9), joined(6, "worker-4", 7, 9))
    assert rig.status.is_ready("worker-4")
    assert rig.status.membership()["worker-4"] == "online"
    assert rig.status.disagreement().startswith("worker-1 at revision 0 lacks worker-4")


def test_how_many_a_node_shows_online_is_told_with_the_revision_of_its_last_answer(rig):
    rig.hear(viewed(1, "worker-2", 9, OTHERS, pid=2), sampled(1, "worker-2", 11, pid=2))
    assert rig.status.seen("worker-2") == (2, 11)
    rig.hear(started(2, "worker-2", 5, 2))
    assert rig.status.seen("worker-2") == (0, 0)
