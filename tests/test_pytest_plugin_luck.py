"""What becomes of a pytest with clusters when the world is unkind: nothing is left, and the other items go on."""

import os
import re
import signal
import subprocess
import sys

import psutil
import pytest

from harness.cluster.wait import wait_until
from tests.integration.test_run import SMALL_DISK
from tests.plugged import SMALL, begun, folders, gone

pytestmark = pytest.mark.cluster

LONG = SMALL.replace("tail: 1s", "tail: 60s")
HELD = "def test_held(cluster):\n    cluster.inject('pause', 'worker-1', for_='60s')\n"
DEAF = """
import asyncio, signal
from harness.dora.worker import Worker

class Deaf(Worker):
    async def run(self):
        hear = lambda: print("heard nothing", flush=True)
        asyncio.get_running_loop().call_later(0.2, asyncio.get_running_loop().add_signal_handler, signal.SIGTERM, hear)
        return await super().run()
"""
UNLUCKY = """
import signal

def test_unlucky(cluster):
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.raise_signal(signal.SIGALRM)
"""
LASTING = ("a-long", "test_held")


def put(plugged, kind):
    """Something that holds a cluster for a minute: a scenario, or a test."""
    if kind == "scenario":
        plugged.scenario("a-long", LONG)
    else:
        plugged.write("test_a_held.py", HELD)


@pytest.fixture(params=["scenario", "test"])
def kind(request):
    return request.param


@pytest.mark.parametrize("workers", [0, 2])
def test_ctrl_c_ends_clusters_at_once_and_leaves_nothing(plugged, kind, workers):
    put(plugged, kind)
    process = plugged.start("-n", workers)
    folder = begun(plugged.runs, *LASTING)
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == pytest.ExitCode.INTERRUPTED, out
    assert "Traceback" not in out
    assert gone(folder)


def test_a_worker_of_xdist_that_is_killed_is_replaced_and_its_cluster_ends(plugged, kind):
    put(plugged, kind)
    for number in range(2):
        plugged.scenario(f"small-{number}")
    process = plugged.start("-n", 2, "-v")
    folder = begun(plugged.runs, *LASTING)
    (launcher,) = launchers_of(folder)
    victim = next(child for child in psutil.Process(process.pid).children() if launcher in child.children())
    victim.kill()
    assert gone(folder)
    out = process.communicate(timeout=90)[0]
    assert "1 failed, 2 passed" in out.splitlines()[-1], out
    assert "crashed while running" in out


def launchers_of(folder):
    """The process that whoever holds a run's cluster has started: its parent is in no namespace of the run's."""
    log = f"{folder.resolve()}/metrics.jsonl"
    return [
        one
        for one in psutil.process_iter()
        if "harness.cluster.launcher" in words_of(one) and log in words_of(one) and log not in words_of(one.parent())
    ]


def words_of(process):
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def test_a_time_limit_by_signal_heals_stops_and_tells_and_the_next_item_runs(plugged, kind):
    put(plugged, kind)
    plugged.write("test_b.py", "def test_it(): pass\n")
    result = plugged.run("--timeout", "6", "--timeout-method", "signal")
    outcomes = result.parseoutcomes()
    assert outcomes.pop("errors", 0) <= 1, "that nobody could judge it, at most"
    assert outcomes == {"passed": 1, "failed": 1}
    assert "Timeout" in result.stdout.str()
    assert re.findall(r"harness/\S+py:\d+", result.stdout.str()) == []
    assert gone(*folders(plugged.runs))


def test_a_time_limit_while_ctrl_c_ends_a_run_lets_no_other_item_run(plugged):
    plugged.scenario("a-long", LONG.replace("clients: 1", "clients: 1, broken: {worker-1: 'deaf.py:Deaf'}"))
    plugged.write("scenarios/deaf.py", DEAF)
    plugged.write("test_b.py", "def test_it(): pass\n")
    process = plugged.start("--timeout", "600", "--timeout-method", "signal")
    folder = begun(plugged.runs, "a-long")
    os.kill(process.pid, signal.SIGINT)
    log = folder / "logs" / "worker-1.log"
    wait_until("a worker that does not stop", lambda: "heard nothing" in log.read_text(), 30)
    os.kill(process.pid, signal.SIGALRM)
    must_be_interrupted(process, folder)


def test_a_time_limit_while_ctrl_c_ends_a_test_lets_no_other_item_run(plugged):
    plugged.write("test_a_unlucky.py", UNLUCKY)
    plugged.write("test_b.py", "def test_it(): pass\n")
    process = plugged.start("--timeout", "600", "--timeout-method", "signal")
    must_be_interrupted(process, begun(plugged.runs, "test_unlucky"))


def must_be_interrupted(process, folder):
    out, _ = process.communicate(timeout=60)
    assert process.returncode == pytest.ExitCode.INTERRUPTED, out
    assert "passed" not in out, out
    assert gone(folder)


def test_a_time_limit_by_thread_ends_a_worker_of_xdist_and_its_cluster(plugged, kind):
    put(plugged, kind)
    plugged.write("test_b.py", "def test_it(): pass\n")
    result = plugged.run("-n", "1", "--timeout", "6", "--timeout-method", "thread")
    result.assert_outcomes(passed=1, failed=1)
    assert gone(*folders(plugged.runs))


def test_waiting_for_room_is_no_part_of_a_time_limit(plugged, monkeypatch):
    from harness.cluster.budget import Budget

    monkeypatch.setenv("XDG_RUNTIME_DIR", str(plugged.path))
    plugged.scenario()
    with everything(Budget()):
        process = plugged.start("--timeout", "12")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=14)
        assert folders(plugged.runs) == []
    out = process.communicate(timeout=60)[0]
    assert process.returncode == 0, out


def everything(budget):
    """All shares, as a run of a thousand nodes takes them."""
    from tests.cluster.test_budget import plan_of

    return budget.admit(plan_of(1000))


def test_a_full_disk_fails_what_runs_there_with_a_line_and_the_others_go_on(plugged):
    plugged.scenario("busy", SMALL.replace("lookups_per_s: 20", "lookups_per_s: 400"))
    plugged.write("test_it.py", "def test_it(): pass\ndef test_that(cluster): pass\n")
    disk = plugged.path / "disk"
    disk.mkdir()
    words = plugged.words("--harness-runs", "disk")
    program = SMALL_DISK[: SMALL_DISK.index("os.execv")] + "os.execv(sys.executable, sys.argv[2:])"
    command = [sys.executable, "-c", program, str(disk), *words]
    env = {**os.environ, "TMPDIR": str(plugged.path)}  # it is root in there, whose budget is maybe somebody else's
    done = subprocess.run(command, cwd=plugged.path, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert "No space left on device; what was recorded until then is kept" in done.stdout, done.stdout
    assert "choose another disk with --harness-runs" in done.stdout
    assert done.stdout.splitlines()[-1].count("1 passed"), done.stdout
    assert "live.py" not in done.stdout
    assert "pytest_items.py" not in done.stdout
