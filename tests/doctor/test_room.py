import shutil
from types import SimpleNamespace

import pytest

from harness.cluster.room import Limit, Room
from harness.doctor import room
from harness.doctor.room import of_limits, of_room
from harness.scenario.model import WorkloadBlock

GB = 1_000_000_000
NONE = Limit("nothing", 1, None)


def test_the_rates_of_a_typical_run_are_those_of_a_scenario_that_names_none():
    fields = WorkloadBlock.model_fields
    assert fields["lookups_per_s"].default == room.LOOKUPS_PER_S
    assert fields["reads_per_s"].default == room.READS_PER_S


def test_the_room_of_two_cores():
    found = of_room(Room(2, 20 * GB), NONE)
    assert (found.state, found.fact) == ("yes", "2 cores, 20.0 GB of memory free")
    assert found.consequence == (
        "about 5 runs of 3 workers at once; in one about 108 workers with leases of 2 s, "
        "790 with long ones (memory is full then)"
    )


def test_memory_bounds_all_where_there_is_little():
    told = of_room(Room(64, 1 * GB), NONE).consequence
    assert "in one about 30 workers with leases of 2 s, 30 with long ones (memory is full then)" in told


def test_a_limit_bounds_where_it_is_lower_than_memory():
    told = of_room(Room(64, 1000 * GB), Limit("open files", 4, 100 + 4 * 52)).consequence
    assert "50 with long ones (open files is full then)" in told


@pytest.mark.parametrize(("cores", "memory"), [(0.1, 20 * GB), (2, 0)])
def test_a_machine_too_small_for_one_run_is_told(cores, memory):
    found = of_room(Room(cores, memory), NONE)
    assert found.state == "partly"
    assert "may come out unknown" in found.consequence


def test_limits_are_told_by_how_many_nodes_they_allow_the_tightest_first():
    files = Limit("open files", 4, 500)
    found, other = of_limits((files, Limit("threads", 40, 4100), Limit("process numbers", 40, 900), NONE))
    assert (found.name, found.fact, found.consequence) == (
        "open files",
        "500, open files",
        "enough for 100 nodes at once",
    )
    assert (other.name, other.fact, other.consequence) == (
        "limits",
        "900, process numbers",
        "enough for 20 nodes at once",
    )


def test_no_limit_is_enough():
    assert [(found.state, found.fact) for found in of_limits((NONE, NONE))] == [("yes", "no limit")] * 2


def test_a_limit_too_low_for_a_small_run_is_told_with_what_is_needed_and_its_command():
    found, _ = of_limits((Limit("open files of a process (ulimit -Hn)", 4, 119), NONE))
    assert (found.state, found.is_needed) == ("no", True)
    assert found.consequence == "runs are refused: a small one needs 120"
    assert "prlimit" in found.remedy["fedora"]


def test_just_enough_is_enough():
    assert of_limits((Limit("open files", 4, 120), NONE))[0].state == "yes"


def test_folders_are_tried_and_left_as_they_were(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    runs, turns = room.folders()
    assert (runs.name, runs.state, runs.is_needed) == ("runs", "yes", True)
    assert runs.fact.startswith(f"{tmp_path}/runs, ")
    assert (turns.name, turns.is_needed) == ("turns", False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["a file", "proc"])
def test_a_folder_that_can_not_be_written_to_is_told_with_another(monkeypatch, tmp_path, place):
    """What even root can't write to."""
    (tmp_path / "runs").touch()
    monkeypatch.chdir(tmp_path if place == "a file" else "/proc")
    runs, _ = room.folders()
    assert runs.state == "no"
    assert "--runs" in runs.remedy["debian"]


def test_a_disk_that_is_nearly_full_is_told(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1_000_000))
    assert room.folders()[0].state == "partly"


def test_this_machine_has_room():
    found = room.room()
    assert [each.name for each in found] == ["room", "open files", "limits"]
