import os
import subprocess
import sys
import threading

import pytest

from harness.cluster import budget
from harness.cluster.budget import Budget
from harness.cluster.private import runtime_folder
from harness.cluster.room import Room
from harness.cluster.wait import Interrupted, wait_until
from harness.core.plan import Plan, Workload
from harness.errors import ClusterError

GB = 1_000_000_000
ROOM = Room(2, 20 * GB)
HOLDER = """
import sys
from pathlib import Path
from tests.cluster.test_budget import ROOM, plan_of, shares_of
from harness.cluster.budget import Budget
with Budget(Path(sys.argv[1]), ROOM).admit(plan_of(int(sys.argv[2]))):
    print("admitted", flush=True)
    sys.stdin.read()
"""


def plan_of(workers, ops_per_s=0.0):
    names = tuple(f"worker-{number}" for number in range(1, workers + 1))
    return Plan("x", 1, names, (), {}, {}, Workload((), ops_per_s, 0.0))


def shares_of(workers):
    return ROOM.shares_of(plan_of(workers))


@pytest.fixture(autouse=True)
def calm(monkeypatch):
    """However busy this machine is; `calm.clear()` makes it so."""
    calm = threading.Event()
    calm.set()
    monkeypatch.setattr(budget, "Calm", lambda: calm.is_set)
    return calm


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "budget"


@pytest.fixture
def holder(folder):
    """Another process that holds the shares of a run with so many workers, until it is told to end."""
    started = []

    def start(workers):
        program = [sys.executable, "-c", HOLDER, str(folder), str(workers)]
        process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout.readline() == b"admitted\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def has_room(folder, workers):
    """Whether a run would be admitted at once: it is told not to wait."""
    stop = threading.Event()
    stop.set()
    try:
        with Budget(folder, ROOM).admit(plan_of(workers), stop):
            return True
    except Interrupted:
        return False


@pytest.mark.parametrize("workers", [1, 10, 1000])
def test_where_nobody_else_is_a_run_begins_at_once_however_big_it_is(folder, workers):
    assert has_room(folder, workers)


def test_a_run_that_takes_all_keeps_others_waiting_in_this_process_too(folder):
    with Budget(folder, ROOM).admit(plan_of(1000)):
        assert not has_room(folder, 1)
    assert has_room(folder, 1)


def test_what_another_process_holds_is_free_once_it_was_killed(folder, holder):
    process = holder(1000)
    assert not has_room(folder, 1)
    process.kill()
    wait_until("room", lambda: has_room(folder, 1), 10)


def test_small_runs_go_side_by_side_and_a_big_one_waits_for_all_of_them(folder, holder):
    first, second = holder(1), holder(1)
    assert has_room(folder, 1)
    assert not has_room(folder, 1000)
    for process in (first, second):
        process.communicate()
    assert has_room(folder, 1000)


def test_a_start_takes_more_than_what_follows(folder):
    mine, starts = Budget(folder, ROOM), []
    while has_room(folder, 1):
        starts.append(mine.admit(plan_of(1)))
    assert len(starts) == ROOM.shares // 10
    for admission in starts:
        admission.started()
    assert has_room(folder, 1)
    for admission in starts:
        admission.__exit__(None, None, None)


def test_who_waits_can_be_told_to_stop_and_keeps_nothing(folder):
    stop = threading.Event()
    stop.set()
    with Budget(folder, ROOM).admit(plan_of(1000)), pytest.raises(Interrupted):
        Budget(folder, ROOM).admit(plan_of(1), stop)
    assert has_room(folder, 1000)


def test_on_a_busy_machine_a_run_begins_at_once_only_where_it_is_alone(folder, calm):
    calm.clear()
    assert has_room(folder, 1)
    with Budget(folder, ROOM).admit(plan_of(1)):
        assert not has_room(folder, 1)
        calm.set()
        assert has_room(folder, 1)
        calm.clear()
        with Budget(folder, ROOM).admit(plan_of(1)) as second:
            assert second.waited_s > 1


def test_a_child_that_outlives_a_run_holds_none_of_its_shares(folder):
    with Budget(folder, ROOM).admit(plan_of(1000)):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert has_room(folder, 1000)
    child.communicate()


def test_the_folder_is_the_users_alone(folder, monkeypatch, tmp_path):
    Budget(folder, ROOM)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    with pytest.raises(ClusterError, match="no folder of yours alone"):
        Budget(folder, ROOM)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime_folder("harness-budget").parent == tmp_path
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert runtime_folder("harness-budget").name.endswith(f"-{os.getuid()}")


def test_a_link_to_another_folder_is_refused(tmp_path):
    (tmp_path / "theirs").mkdir(mode=0o700)
    (tmp_path / "budget").symlink_to(tmp_path / "theirs")
    with pytest.raises(ClusterError, match="no folder of yours alone"):
        Budget(tmp_path / "budget", ROOM)


def test_a_folder_that_cannot_be_made_is_told_with_a_way_out(tmp_path):
    with pytest.raises(ClusterError, match="XDG_RUNTIME_DIR, else TMPDIR, names another place"):
        Budget(tmp_path / "no" / "such" / "place", ROOM)
