import os
import subprocess
import sys
from typing import NamedTuple

import psutil
import pytest

from harness.cluster import room
from harness.cluster.room import Calm, Room, must_hold
from harness.core.plan import Plan, Workload
from harness.dora import driver, pages
from harness.errors import InputError

GB = 1_000_000_000


def plan_of(nodes, ops_per_s=110.0):
    workers = tuple(f"worker-{number}" for number in range(1, nodes))
    return Plan("x", 1, workers, (), {}, {}, Workload((), ops_per_s, 0.0))


@pytest.mark.parametrize(
    ("cores", "memory_gb", "nodes", "ops_per_s", "runs"),
    [
        (2, 20, 8, 110, 5),
        (2, 20, 3, 5, 20),
        (2, 20, 20, 110, 3),
        (2, 20, 8, 1000, 1),
        (2, 200, 1000, 110, 1),
        (64, 1, 8, 110, 2),
        (0.5, 20, 8, 110, 1),
        (2, 0, 8, 110, 1),
    ],
)
def test_runs_at_once_by_their_nodes_and_operations_and_no_more_than_memory_holds(
    cores, memory_gb, nodes, ops_per_s, runs
):
    assert Room(cores, memory_gb * GB).runs(plan_of(nodes, ops_per_s)) == runs


def test_this_machine_has_room_for_one_at_least():
    here = Room.of_machine()
    assert 0 < here.cores <= os.cpu_count()
    assert here.memory_bytes > 0
    assert here.runs(plan_of(8)) >= 1


def limits(monkeypatch, folder, **files):
    monkeypatch.setattr(room, "_CGROUP", folder)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text + "\n")


def test_a_control_groups_quota_counts_where_it_is_less(monkeypatch, tmp_path):
    limits(monkeypatch, tmp_path, cpu_max="50000 100000", memory_max="1000000", memory_current="400000")
    assert Room.of_machine() == Room(0.5, 600_000)


def test_cached_files_that_nobody_uses_are_room(monkeypatch, tmp_path):
    files = {"memory_max": "1000000", "memory_current": "990000"}
    limits(monkeypatch, tmp_path, **files, memory_stat="anon 300000\ninactive_file 600000\nactive_file 50000")
    assert Room.of_machine().memory_bytes == 610_000


def test_a_control_group_without_limits_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(room, "_CGROUP", tmp_path)
    free = Room.of_machine().cores
    limits(monkeypatch, tmp_path, cpu_max="max 100000", memory_max="max", memory_current="400000")
    assert Room.of_machine().cores == free
    assert Room.of_machine().memory_bytes > 600_000


def test_a_limit_that_is_too_low_for_the_nodes_is_told_with_what_is_needed(monkeypatch, tmp_path):
    most = 100 + 75 * room.THREADS_A_NODE
    limits(monkeypatch, tmp_path, pids_max=str(most))
    must_hold(75)
    with pytest.raises(InputError) as caught:
        must_hold(76)
    assert f"76 nodes are too many for the limits here: threads of this control group (pids.max): {most}" in str(
        caught.value
    )
    assert f"and {most + room.THREADS_A_NODE} are needed" in str(caught.value)


def test_the_threads_asked_for_are_those_that_a_workers_parts_may_have():
    disk = pages._CACHE_THREADS + pages._LOOK_THREADS + pages._READ_THREADS + pages._WALK_THREADS
    assert (driver._ETCD_THREADS, disk) == (room._ETCD_THREADS, room._DISK_THREADS)


GRPC_THREADS = """
import os
import subprocess
import sys
from harness.etcd import Etcd
etcd = Etcd(["http://127.0.0.1:1"], timeout_s=1)
print(len(os.listdir("/proc/self/task")) - 1)
"""


def test_grpc_has_no_more_threads_than_are_asked_for():
    told = subprocess.run([sys.executable, "-c", GRPC_THREADS], capture_output=True, text=True, check=True)
    assert 0 < int(told.stdout) <= room._GRPC_THREADS


def test_every_limit_that_is_too_low_is_told(monkeypatch, tmp_path):
    limits(monkeypatch, tmp_path, pids_max="max")
    monkeypatch.setattr(room, "_SYSTEM", tmp_path)
    (tmp_path / "kernel").mkdir()
    for name in ("pid_max", "threads-max"):
        (tmp_path / "kernel" / name).write_text("500\n")
    with pytest.raises(InputError, match=r"kernel.pid_max.*; threads of this machine \(kernel.threads-max\)"):
        must_hold(60)


def test_the_limit_of_open_files_counts(monkeypatch):
    monkeypatch.setattr(room.resource, "getrlimit", lambda which: (256, 256))
    with pytest.raises(InputError, match=r"ulimit -Hn\): 256, and 1340 are needed"):
        must_hold(310)


class Times(NamedTuple):
    user: float
    nice: float
    system: float
    idle: float
    iowait: float = 0
    irq: float = 0
    softirq: float = 0
    steal: float = 0
    guest: float = 0


@pytest.mark.parametrize(
    ("later", "calm"),
    [((0.5, 0, 0.2, 0.3), True), ((0.5, 0.5, 0, 0), True), ((0.7, 0, 0.25, 0.05), False), ((0.0, 0, 0.0, 0.1), False)],
)
def test_a_machine_is_calm_once_a_part_of_it_was_idle_for_long_enough(monkeypatch, later, calm):
    seen = iter([Times(1, 1, 1, 1), Times(*(1 + part for part in later), guest=9)])
    monkeypatch.setattr(psutil, "cpu_times", lambda: next(seen))
    monkeypatch.setattr(psutil, "cpu_count", lambda: 2)
    assert Calm()() is calm
