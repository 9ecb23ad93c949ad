import os

import pytest

from harness.cluster import room
from harness.cluster.room import Room, must_hold
from harness.errors import InputError

GB = 1_000_000_000


@pytest.mark.parametrize(
    ("cores", "memory_gb", "nodes", "runs"),
    [
        (2, 20, 8, 4),
        (2, 20, 3, 4),
        (2, 20, 20, 2),
        (2, 20, 1000, 1),
        (64, 1, 8, 2),
        (0.5, 20, 8, 1),
        (2, 0, 8, 1),
    ],
)
def test_two_runs_a_core_fewer_of_big_ones_and_no_more_than_memory_holds(cores, memory_gb, nodes, runs):
    assert Room(cores, memory_gb * GB).runs(nodes) == runs


def test_this_machine_has_room_for_one_at_least():
    here = Room.of_machine()
    assert 0 < here.cores <= os.cpu_count()
    assert here.memory_bytes > 0
    assert here.runs(8) >= 1


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


def test_this_machine_holds_a_few_nodes():
    must_hold(8)


def test_a_limit_that_is_too_low_for_the_nodes_is_told_with_what_is_needed(monkeypatch, tmp_path):
    limits(monkeypatch, tmp_path, pids_max="1000")
    must_hold(75)
    with pytest.raises(InputError) as caught:
        must_hold(76)
    assert "76 nodes are too many for the limits here: threads of this control group (pids.max): 1000" in str(
        caught.value
    )
    assert "and 1012 are needed" in str(caught.value)


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
