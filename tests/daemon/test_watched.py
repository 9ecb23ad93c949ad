"""Told the ops of a cluster one after the other, with a status that hears the same."""

from dataclasses import replace

import pytest

from harness.cluster.status import Status
from harness.core.history import OBSERVER
from harness.daemon.watched import Standing, Watched
from harness.report.progress import Quiet
from tests.checks.telling import (
    PLAN,
    WORKERS,
    alive,
    deleted,
    exited,
    flat,
    joined,
    on_record,
    op,
    reached,
    sampled,
    signalled,
    snapshot,
    started,
    viewed,
)

HERE = replace(PLAN, users=("user-1",))


class Rig:
    """Three workers and etcd run; nobody is a member yet."""

    def __init__(self, plan=HERE):
        self.status, self.watched = Status(plan, lambda name, why: None), Watched()
        self.hear(snapshot(0, 1), [started(0.2, name, int(name[-1])) for name in WORKERS])
        self.watched.look_at(plan, self.status)

    def hear(self, *ops):
        for one in flat(ops):
            self.status.hear(one)
            self.watched.op(one)

    def of(self, name):
        standing, _ = self.watched.standing(name)
        return standing.state, standing.process


@pytest.fixture
def rig():
    return Rig()


def test_what_happened_before_it_had_a_cluster_is_known(rig):
    assert rig.of("worker-1") == ("not registered", "running")
    assert rig.of("client-1") == ("not ready", "none")
    assert rig.of("etcd-1") == ("not ready", "none")
    assert rig.of("user-1") == ("", "none")
    assert rig.watched.pids == {"worker-1": 1, "worker-2": 2, "worker-3": 3}


def test_before_it_has_a_cluster_it_knows_nothing():
    watched = Watched()
    watched.op(started(0, "worker-1", 1))
    watched.op(snapshot(0, 1))
    assert watched.standing("worker-1")[0] == Standing("", "none")


def test_a_worker_is_to_the_cluster_what_etcds_log_says(rig):
    rig.hear(joined(1, "worker-1", 2, 9))
    assert rig.of("worker-1") == ("online", "running")
    rig.hear(deleted(2, alive("worker-1"), 8))
    assert rig.of("worker-1") == ("offline", "running")
    rig.hear(deleted(3, on_record("worker-1"), 9))
    assert rig.of("worker-1") == ("removed", "running")


def test_a_worker_that_joins_is_followed_from_when_the_plan_has_it(rig):
    grown = replace(HERE, joiners=("worker-4",))
    rig.status.grow(grown)
    rig.watched.look_at(grown, rig.status)
    assert rig.of("worker-4") == ("not registered", "none")
    rig.hear(started(4, "worker-4", 9), joined(4, "worker-4", 4, 9))
    assert rig.of("worker-4") == ("online", "running")


def test_clients_and_etcd_are_ready_by_their_own_protocol(rig):
    rig.hear(started(1, "client-1", 7), viewed(1, "client-1", 4, pid=7))
    assert rig.of("client-1") == ("not ready", "running")
    rig.hear(sampled(1.1, "client-1", 4, pid=7, state="ready"))
    assert rig.of("client-1") == ("ready", "running")
    rig.hear(started(1, "etcd-1", 8), reached(1.1, 1.3), op(2, OBSERVER, "leader", {"member": "etcd-1", "term": 2}))
    assert rig.of("etcd-1") == ("leads", "running")


def test_a_process_is_paused_until_it_goes_on(rig):
    rig.hear(signalled(1, "worker-1", 1, "STOP"))
    assert rig.of("worker-1")[1] == "paused"
    rig.hear(signalled(2, "worker-1", 1, "CONT"))
    assert rig.of("worker-1")[1] == "running"


def test_a_signal_that_was_not_sent_and_one_that_pauses_nobody_change_nothing(rig):
    asked, _ = signalled(1, "worker-1", 1, "STOP")
    rig.hear(asked, signalled(1, "worker-2", 2, "TERM"))
    assert [rig.of(name)[1] for name in WORKERS] == ["running"] * 3


def test_an_end_that_was_asked_for_is_no_death(rig):
    rig.hear(exited(1, "worker-1", 1))
    assert rig.of("worker-1")[1] == "stopped"
    assert rig.watched.epitaphs == {}
    assert "worker-1" not in rig.watched.pids


def test_a_death_is_remembered_until_it_is_started_again(rig):
    rig.hear(exited(1, "worker-1", 1, asked=False, status=-9))
    assert rig.of("worker-1")[1] == "died"
    assert rig.watched.epitaphs == {"worker-1": "last line"}
    rig.hear(started(2, "worker-1", 11, 2))
    assert (rig.of("worker-1")[1], rig.watched.epitaphs, rig.watched.pids["worker-1"]) == ("running", {}, 11)


def test_who_leaves_after_it_was_removed_has_not_died(rig):
    rig.hear(op(1, "worker-1", "removed", {"id": HERE.identities["worker-1"]}))
    assert rig.of("worker-1")[1] == "running"
    rig.hear(exited(2, "worker-1", 1, asked=False, status=3))
    assert rig.of("worker-1")[1] == "stopped"
    assert rig.watched.epitaphs == {}
    rig.hear(started(3, "worker-1", 11, 2), exited(4, "worker-1", 11, 2, asked=False, status=3))
    assert rig.of("worker-1")[1] == "died"


def test_how_long_it_has_been_so_counts_from_the_last_change_and_not_from_the_last_word(rig):
    rig.hear(joined(1, "worker-1", 2, 9))
    before = rig.watched.standing("worker-1")[1]
    rig.hear(sampled(1.5, "worker-1", 9), sampled(1.6, "worker-1", 9))
    assert rig.watched.standing("worker-1")[1] >= before
    online_s = rig.watched.standing("worker-1")[1]
    rig.hear(signalled(2, "worker-1", 1, "STOP"))
    assert rig.watched.standing("worker-1")[1] < online_s


def test_what_was_left_behind_is_unknown_until_it_has_been_looked_for(rig):
    assert rig.watched.left is None
    rig.hear(op(9, "harness", "left-behind", {"left": []}))
    assert rig.watched.left == []
    rig.hear(op(9, "harness", "left-behind", {"left": ["worker-1 (4711)"]}))
    assert rig.watched.left == ["worker-1 (4711)"]


class Shown(Quiet):
    def __init__(self):
        self.told = []

    def note(self, text):
        self.told.append(text)

    def phase(self, name, detail=""):
        self.told.append(name)

    def op(self, op):
        self.told.append(op.f)

    def node_died(self, text):
        self.told.append(text)

    def close(self):
        self.told.append("closed")


def test_a_run_shows_its_progress_until_its_cluster_stays():
    shown = Shown()
    watched = Watched(shown)

    def happens():
        watched.note("a note")
        watched.phase("start")
        watched.op(started(0, "worker-1", 1))
        watched.node_died("worker-1 ended")

    happens()
    assert shown.told == ["a note", "start", "start", "worker-1 ended"]
    watched.look_at(HERE, Status(HERE, lambda name, why: None))
    happens()
    assert shown.told[4:] == ["closed"]
