"""What is made of the ops of a run while it lasts, where members come and go."""

import pytest

from harness.cluster.status import Status
from harness.core.history import OPERATOR
from tests.checks.telling import (
    IDS,
    PLAN,
    WORKERS,
    alive,
    deleted,
    exited,
    flat,
    joined,
    on_record,
    op,
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
