"""A terminal that is closed while a run goes on: SIGHUP, and an error for whoever writes to it."""

import os
import pty
import subprocess
import sys

import pytest

from harness.cluster.wait import wait_until
from harness.report.run_dir import RunDir

pytestmark = pytest.mark.cluster


@pytest.fixture
def terminal():
    """Both its ends."""
    ours, theirs = (os.fdopen(end, "rb", buffering=0) for end in pty.openpty())
    with ours, theirs:
        yield ours, theirs


def start_run(names, runs, terminal):
    program = ["setsid", "--ctty", sys.executable, "-m", "harness", "run", *names, "--etcd", "process"]
    return subprocess.Popen([*program, "--runs", str(runs)], stdin=terminal, stdout=terminal, stderr=terminal)


def ops_in(runs):
    return [op for history in runs.glob("*/history.jsonl") for op in RunDir(history.parent).ops()]


def has(runs, kind, phase):
    return any((op.f, op.type, op.value.get("phase")) == ("phase", kind, phase) for op in ops_in(runs))


def test_a_run_whose_terminal_is_closed_is_ended_recorded_and_130(tmp_path, terminal):
    ours, theirs = terminal
    with start_run(["restart", "kill"], tmp_path, theirs) as run:
        wait_until("the run phase", lambda: has(tmp_path, "invoke", "run"), 60)
        ours.close()
        assert run.wait(timeout=60) == 130
    assert has(tmp_path, "ok", "stop")
    assert [op.value["left"] for op in ops_in(tmp_path) if op.f == "left-behind"] == [[]]
