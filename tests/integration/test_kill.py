"""kill -9 of any one process of a run, at any moment: seconds later there is nothing of it on the machine."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.cluster.ledger import Ledger
from harness.cluster.wait import wait_until

pytestmark = pytest.mark.cluster

SCENARIO = Path(__file__).parents[2] / "scenarios" / "partition.yaml"
GONE_S = 5.0
KILLS = int(os.environ.get("HARNESS_TEST_KILLS", "4"))


def start_run(runs, etcd):
    program = [sys.executable, "-m", "harness", "run", str(SCENARIO), "--runs", str(runs), "-q", "--json"]
    program += ["--etcd", etcd]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def family(process):
    try:
        command = psutil.Process(process.pid)
        return [command, *command.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def mounts():
    """Without the engine's own, which come and go with every container; the ledger looks for the run's."""
    targets = {line.split(" ")[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    return {target for target in targets if "/docker/" not in target}


def folder_of(runs):
    return next(runs.iterdir(), None) if runs.exists() else None


@pytest.fixture(params=["process", "docker"])
def etcd(request):
    """How etcd runs; its engine's URL, where it has one."""
    return request.param, request.getfixturevalue("engine") if request.param == "docker" else ""


@pytest.fixture
def neighbour(tmp_path, etcd):
    """An unrelated run beside the one that is killed."""
    process = start_run(tmp_path / "neighbour", etcd[0])
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", range(KILLS))
@pytest.mark.parametrize("whole_group", [False, True], ids=["one", "group"])
def test_whatever_is_killed_nothing_is_left_and_the_neighbour_is_untouched(
    tmp_path, neighbour, etcd, number, whole_group
):
    draw, before = random.Random(number), mounts()
    process = start_run(tmp_path / "killed", etcd[0])
    wait_until("the run has begun", lambda: len(family(process)) > 3, 20)
    wait_for_exit(process, draw.uniform(0, 8))
    members = family(process)
    victim = members[0] if whole_group else draw.choice(members)
    told = f"{victim.pid} {' '.join(victim.cmdline()[:4])}"
    known = {(member.pid, member.create_time()) for member in members[1:]}
    ledger = Ledger(str(folder_of(tmp_path / "killed").resolve()), engine=etcd[1])
    if whole_group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        victim.kill()
    wait_until(f"nothing left after the end of {told}", lambda: not ledger.left_behind() and not alive(known), GONE_S)
    _, err = process.communicate(timeout=30)
    assert "Traceback" not in err.decode()
    assert mounts() == before
    out, err = neighbour.communicate(timeout=120)
    assert neighbour.returncode == 0, err.decode()
    assert b'"valid"' in out


def wait_for_exit(process, seconds):
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return


def alive(known):
    return [pid for pid, created in known if psutil.pid_exists(pid) and created_at(pid) == created]


def created_at(pid):
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None
