"""Whole runs as a user starts them, and what becomes of them when the world is unkind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from harness.cluster.ledger import Ledger
from harness.cluster.wait import wait_until
from harness.core.history import Op

pytestmark = pytest.mark.cluster

STORY = """# A short one.
cluster: {workers: 2, clients: 1}
workload: {keys: 20, lookups_per_s: 50, reads_per_s: 5}
steps:
  - {at: 500ms, for: 1s, isolate: worker-1}
duration: 4s
"""
SMALL_DISK = """
import os, sys
from pathlib import Path
from harness.cluster import linux
uid, gid = os.getuid(), os.getgid()
linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWNS)
Path("/proc/self/setgroups").write_text("deny")
Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
linux.mount("tmpfs", sys.argv[1], "tmpfs", options="size=200k")
os.execv(sys.executable, [sys.executable, "-m", "harness", "run", sys.argv[2], "--runs", sys.argv[1]])
"""


@pytest.fixture
def story(tmp_path):
    path = tmp_path / "story.yaml"
    path.write_text(STORY)
    return path


def start(story, runs, *options):
    program = [sys.executable, "-m", "harness", "run", str(story), "--runs", str(runs), "--json", *options]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def folder_in(runs):
    wait_until("the run's folder", lambda: runs.exists() and any(runs.iterdir()), 20)
    return next(runs.iterdir())


def ops(folder):
    return [Op.parse(line) for line in (folder / "history.jsonl").read_bytes().splitlines()]


def phases(folder):
    return [op.value["phase"] for op in ops(folder) if op.f == "phase" and op.type == "invoke"]


def test_four_runs_of_one_seed_started_at_once_are_all_valid_in_four_folders(story, tmp_path):
    processes = [start(story, tmp_path / "runs", "--seed", "7") for _ in range(4)]
    results = [json.loads(process.communicate(timeout=120)[0]) for process in processes]
    assert [result["outcome"] for result in results] == ["valid"] * 4
    assert len({result["run_dir"] for result in results}) == 4
    assert [result["left_behind"] for result in results] == [[]] * 4


@pytest.mark.parametrize("lines", [2, 3, 4], ids=["before the start", "before a fault", "before it heals"])
def test_whoever_stops_to_read_ends_the_run_which_is_no_failure_and_leaves_nothing(story, tmp_path, lines):
    program = [sys.executable, "-m", "harness", "run", str(story), "--runs", str(tmp_path / "runs"), "-v"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        assert all(run.stdout.readline() for _ in range(lines))
        run.stdout.close()
        assert run.wait(timeout=60) == 141
    folder = folder_in(tmp_path / "runs")
    assert phases(folder)[-1] == "stop"
    assert not Ledger(str(folder.resolve())).left_behind()


def test_whoever_closed_all_streams_gets_a_run_all_the_same(story, tmp_path):
    program = [sys.executable, "-m", "harness", "run", str(story), "--runs", str(tmp_path / "runs")]
    done = subprocess.run(["sh", "-c", '"$@" <&- >&- 2>&-', "sh", *program], timeout=120, check=False)
    assert done.returncode == 0
    assert json.loads((folder_in(tmp_path / "runs") / "result.json").read_text())["outcome"] == "valid"


@pytest.mark.parametrize("phase", ["start", "run", "settle", "stop"])
def test_ctrl_c_in_any_phase_cleans_up_and_keeps_what_was_recorded(story, tmp_path, phase):
    process = start(story, tmp_path / "runs")
    folder = folder_in(tmp_path / "runs")
    wait_until(phase, lambda: process.poll() is not None or phase in written_phases(folder), 30)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode in ((130,) if phase != "stop" else (0, 130))
    assert "Traceback" not in err
    assert ("interrupted" in err) == (process.returncode == 130)
    assert Ledger(str(folder.resolve())).left_behind() == []
    assert phases(folder)[0] == "start"


def test_a_second_ctrl_c_kills_a_run_whose_supervisor_does_not_answer(story, tmp_path):
    process = start(story, tmp_path / "runs")
    folder = folder_in(tmp_path / "runs")
    wait_until("the run phase", lambda: "run" in written_phases(folder), 30)
    supervisor_of(process).suspend()
    process.send_signal(signal.SIGINT)
    told = iter(process.stderr.readline, "")
    assert next(line for line in told if "Ctrl-C again kills" in line)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert f"kept so far: {folder}" in err
    assert Ledger(str(folder.resolve())).left_behind() == []


def supervisor_of(process):
    """The only child of the launcher, which is the command's."""
    launchers = psutil.Process(process.pid).children()
    (launcher,) = [child for child in launchers if "harness.cluster.launcher" in child.cmdline()]
    (supervisor,) = launcher.children()
    return supervisor


def written_phases(folder):
    """Of a history that is still being written: its last line may be half there."""
    history = folder / "history.jsonl"
    lines = history.read_bytes().splitlines()[:-1] if history.exists() else []
    return [op.value["phase"] for op in map(Op.parse, lines) if op.f == "phase" and op.type == "invoke"]


def test_a_worker_killed_by_a_stranger_makes_the_run_unknown_and_is_told(story, tmp_path):
    process = start(story, tmp_path / "runs")
    folder = folder_in(tmp_path / "runs")
    wait_until("the run phase", lambda: "run" in written_phases(folder), 30)
    node_of(process, folder, "worker-2").kill()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "worker-2 was ended by SIGKILL after" in err
    result = json.loads(out)
    assert result["outcome"] == "unknown"
    assert any("worker-2" in row["missing"] for row in result["invariants"] if row["outcome"] == "unknown")


def node_of(process, folder, name):
    """The node's process as the machine sees it, found by the log that its output goes to."""
    log = str(folder / "logs" / f"{name}.log")
    kin = psutil.Process(process.pid).children(recursive=True)
    return next(child for child in kin if os.readlink(f"/proc/{child.pid}/fd/2") == log)


def test_a_disk_that_fills_up_ends_the_run_with_one_line_and_keeps_what_there_is(story, tmp_path):
    (tmp_path / "disk").mkdir()
    story.write_text(STORY.replace("lookups_per_s: 50", "lookups_per_s: 400"))
    program = [sys.executable, "-c", SMALL_DISK, str(tmp_path / "disk"), str(story)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 255
    assert "Traceback" not in done.stderr
    assert "No space left on device; what was recorded until then is kept" in done.stderr


def test_an_etcd_that_does_not_start_is_one_line_and_nothing_is_left(tmp_path):
    etcd, story = tmp_path / "etcd", tmp_path / "story.yaml"
    etcd.write_text("#!/bin/sh\n[ $1 = --version ] && echo 'etcd Version: 3.5.1' || { echo no luck >&2; exit 7; }\n")
    etcd.chmod(0o755)
    story.write_text(f"cluster: {{etcd: {{binary: {etcd}}}}}\n")
    began_s = time.monotonic()
    process = start(story, tmp_path / "runs", "-q")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 255
    assert "etcd-1 exited with 7" in err
    assert "no luck" in err
    assert "Traceback" not in err
    assert time.monotonic() - began_s < 25, "it waited for an etcd that had ended"
    assert Ledger(str(folder_in(tmp_path / "runs").resolve())).left_behind() == []


def test_check_gives_the_verdicts_of_the_run_again(story, tmp_path):
    out, _ = start(story, tmp_path / "runs").communicate(timeout=60)
    folder = Path(json.loads(out)["run_dir"])
    program = [sys.executable, "-m", "harness", "check", str(folder), "--json"]
    again = json.loads(subprocess.run(program, capture_output=True, check=True, timeout=60).stdout)
    assert again["invariants"] == json.loads(out)["invariants"]
    assert again["faults"] == json.loads(out)["faults"]


def test_what_lies_in_the_working_folder_is_never_imported(story, tmp_path):
    (tmp_path / "selectors.py").write_text("raise SystemExit('imported from the working folder')\n")
    program = [Path(sys.executable).parent / "harness", "run", story, "--runs", tmp_path / "runs", "-q"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.split()[0]) == (0, "valid"), done.stderr


def test_a_signal_to_end_is_as_good_as_ctrl_c(story, tmp_path):
    process = start(story, tmp_path / "runs")
    folder = folder_in(tmp_path / "runs")
    wait_until("the run phase", lambda: "run" in written_phases(folder), 30)
    process.terminate()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"kept so far: {folder}" in err
    assert Ledger(str(folder.resolve())).left_behind() == []
