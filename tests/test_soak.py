"""Runs as processes of their own, and what becomes of them when the soak is ended."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.cluster.ledger import Ledger
from harness.cluster.wait import wait_until
from harness.report.soak import Task
from harness.report.soak_progress import Quiet
from harness.soak import Soak

pytestmark = pytest.mark.cluster

SHORT = ("--set", "duration=4s")


def start(runs, *options):
    program = [sys.executable, "-m", "harness", "soak", *options, "--runs", str(runs)]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def runs_of(soak):
    return [child for child in psutil.Process(soak.pid).children() if "harness.cli.soaked" in child.cmdline()]


def wait_for_runs(runs, number):
    """Until so many of them have got as far as a cluster."""
    wait_until("runs", lambda: len(list(runs.glob("*/logs/workload.log"))) == number, 30)


def left_behind(runs):
    return [left for folder in runs.iterdir() for left in Ledger(str(folder.resolve())).left_behind()]


def test_two_seeds_side_by_side_are_summed_up_and_their_folders_kept(tmp_path):
    out, err = start(tmp_path, "bring-up", *SHORT, "--runs-count", "2", "--jobs", "2", "--json").communicate(timeout=90)
    row = json.loads(out)
    assert [(one["seed"], one["ending"]) for one in row["runs"]] == [(1, "valid"), (2, "valid")], err
    assert {one["run_dir"] for one in row["runs"]} == {str(folder) for folder in tmp_path.iterdir()}
    assert (row["exit_code"], row["at_once"], row["is_interrupted"], row["failures"]) == (0, 2, False, [])
    assert 0 < row["disk_bytes"] < 10_000_000
    assert "2 at once, as asked" in err


def test_ctrl_c_ends_the_runs_cleanly_begins_no_more_and_sums_up(tmp_path):
    soak = start(tmp_path, "bring-up", "--runs-count", "3", "--jobs", "2")
    wait_for_runs(tmp_path, 2)
    soak.send_signal(signal.SIGINT)
    out, err = soak.communicate(timeout=30)
    assert soak.returncode == 130, err
    assert "interrupted: 2 cut short, 1 not begun" in out.splitlines()[-1]
    assert "Traceback" not in err
    assert len(list(tmp_path.iterdir())) == 2
    assert left_behind(tmp_path) == []


def test_a_run_that_ctrl_c_cut_short_has_not_failed_and_its_folder_goes_where_failures_alone_are_kept(tmp_path):
    soak = start(tmp_path, "bring-up", "--runs-count", "2", "--jobs", "2", "--keep", "failures", "--json")
    wait_for_runs(tmp_path, 2)
    soak.send_signal(signal.SIGINT)
    out, err = soak.communicate(timeout=30)
    assert [one["ending"] for one in json.loads(out)["runs"]] == ["cut short", "cut short"], err
    assert list(tmp_path.iterdir()) == []


def test_a_second_ctrl_c_kills_what_runs_and_still_sums_up(tmp_path):
    soak = start(tmp_path, "bring-up", "--runs-count", "3", "--jobs", "2")
    wait_for_runs(tmp_path, 2)
    running = runs_of(soak)
    for run in running:
        run.suspend()  # which does not end by being asked
    soak.send_signal(signal.SIGTERM)
    told = next(line for line in soak.stderr if "stopping 2 runs" in line)
    assert "Ctrl-C again kills" in told
    soak.send_signal(signal.SIGINT)
    out, err = soak.communicate(timeout=30)
    assert soak.returncode == 130, err
    assert "interrupted: 2 cut short, 1 not begun" in out.splitlines()[-1]
    assert psutil.wait_procs(running, timeout=10)[1] == []
    wait_until("nothing left", lambda: left_behind(tmp_path) == [], 20)


def test_a_soak_that_is_killed_takes_its_runs_along(tmp_path):
    soak = start(tmp_path, "bring-up", "--runs-count", "2", "--jobs", "2")
    wait_for_runs(tmp_path, 2)
    running = runs_of(soak)
    soak.kill()
    soak.communicate(timeout=30)
    assert len(running) == 2
    assert psutil.wait_procs(running, timeout=10)[1] == []
    wait_until("nothing left", lambda: left_behind(tmp_path) == [], 20)


def test_a_run_killed_by_a_stranger_has_failed_and_the_other_is_valid(tmp_path):
    soak = start(tmp_path, "bring-up", *SHORT, "--runs-count", "2", "--jobs", "2", "--json")
    wait_for_runs(tmp_path, 2)
    victim = next(run for run in runs_of(soak) if "2" in run.cmdline()[run.cmdline().index("--seed") :][:2])
    os.kill(victim.pid, signal.SIGKILL)
    row = json.loads(soak.communicate(timeout=60)[0])
    assert [(one["seed"], one["ending"], one["exit_code"]) for one in row["runs"]] == [
        (1, "valid", 0),
        (2, "failed", 255),
    ]
    assert row["runs"][1]["why"][-1] == "the run was ended by SIGKILL"
    assert (soak.returncode, row["exit_code"]) == (255, 255)


def test_folders_of_failures_alone_are_kept_when_asked(tmp_path):
    options = (*SHORT, "--runs-count", "1", "--keep", "failures", "--json")
    row = json.loads(start(tmp_path, "bring-up", *options).communicate(timeout=60)[0])
    assert [one["ending"] for one in row["runs"]] == ["valid"]
    assert list(tmp_path.iterdir()) == []
    options = (*SHORT, "--set", "expect=unknown", "--runs-count", "1", "--keep", "failures", "--json")
    row = json.loads(start(tmp_path, "bring-up", *options).communicate(timeout=60)[0])
    assert [Path(one["run_dir"]).exists() for one in row["failures"]] == [True]


def test_a_scenario_changed_meanwhile_is_noticed(tmp_path):
    story, runs = tmp_path / "story.yaml", tmp_path / "runs"
    story.write_text("cluster: {workers: 2}\nduration: 2s\n")
    soak = start(runs, str(story), "--runs-count", "2", "--jobs", "1", "--json")
    wait_for_runs(runs, 1)
    story.write_text("cluster: {workers: 3}\nduration: 2s\n")
    row = json.loads(soak.communicate(timeout=60)[0])
    assert [one["ending"] for one in row["runs"]] == ["valid", "failed"]
    assert "the scenario was changed while the soak went on" in row["runs"][1]["why"][0]


class Saying(Soak):
    """Its runs end at once, with one line each."""

    async def _carried_out(self, task):
        return 0, [self.says[task.seed]], []


def test_a_run_that_says_no_result_has_failed_and_ends_no_other():
    says = ["Segmentation fault", "{}", "[]", '{"expected": {"violated": [], "also": []}, "faults": [{}]}', '{"expe']
    soak = Saying([Task("tale", seed, ("harness",), 1.0, "") for seed in range(len(says))], 2, Quiet())
    soak.says = says
    ended = soak.run()
    assert [(one.seed, one.ending, one.exit_code) for one in ended] == [(seed, "failed", 255) for seed in range(5)]
    assert [one.why[-1] for one in ended] == [f"what the run said is no result: {line!r}" for line in says]


class Ticked(Quiet):
    ticks = 0

    def tick(self):
        self.ticks += 1


def test_progress_hears_that_time_passes():
    progress = Ticked()
    assert Soak([], 1, progress).run() == []
    assert progress.ticks == 1
