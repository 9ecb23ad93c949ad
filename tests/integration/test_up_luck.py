"""What befalls a cluster that stays: kills of all that is of it, a machine that sleeps, a full disk."""

import os
import re
import signal
import subprocess
import sys

import psutil
import pytest

from harness.cluster.wait import wait_until
from tests.integration.desk import GONE_S, daemon_of

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


def test_a_daemon_that_was_killed_is_told_and_cleaned_up(desk):
    desk.up("a", "--workers", "1")
    os.kill(daemon_of(desk), signal.SIGKILL)
    wait_until("the end of all", lambda: not desk.processes(), GONE_S)
    told = desk("status", "--name", "a", code=255)
    assert re.fullmatch(
        r"a is dead: its daemon \(process \d+\) was killed, .*; harness down --name a cleans up\n", told
    )
    assert told == desk("inject", "--name", "a", "pause", "worker-1", code=255)
    desk("down", "--name", "a")
    assert desk("down", "--name", "a", code=254) == "no cluster is called a; none is up\n"
    desk.up("a", "--workers", "1")
    os.kill(daemon_of(desk), signal.SIGKILL)
    wait_until("the end of all", lambda: not desk.processes(), GONE_S)
    desk.up("a", "--workers", "1")
    assert "a is up already" in desk("up", "--name", "a", code=254)
    desk("down", "--name", "a")


def test_the_command_that_starts_it_may_be_killed_at_any_time(desk_of_mine):
    for moment_s in (0.1, 0.3, 0.5, 0.7):
        command = desk_of_mine.start("up", "--name", "a", "--etcd", "process")
        try:
            command.wait(moment_s)
        except subprocess.TimeoutExpired:
            command.kill()
        command.communicate()
        facts = desk_of_mine.runtime / "harness" / "a" / "cluster.json"
        wait_until("up or gone", lambda facts=facts: facts.exists() or not desk_of_mine.processes(), GONE_S)
        if facts.exists():
            desk_of_mine("down", "--name", "a")
    wait_until("the end of all", lambda: not desk_of_mine.processes(), GONE_S)
    desk_of_mine.up("b", "--workers", "1")
    desk_of_mine("down", "--name", "b")


def test_a_worker_killed_by_somebody_else_is_told_and_the_cluster_goes_on(desk_of_mine):
    desk = desk_of_mine
    desk.up("a", "--workers", "2")
    os.kill(desk.node("a", "worker-1")["pid"], signal.SIGKILL)
    desk.until("its death", lambda: desk.node("a", "worker-1")["process"] == "died")
    (note,) = desk.status("a")["notes"]
    assert note.startswith("worker-1 was ended by SIGKILL after ")
    assert "worker-1 did not run" in desk("inject", "--name", "a", "restart", "worker-1", "down_for=100ms")
    desk.until("worker-1 online", lambda: desk.node("a", "worker-1")["state"] == "online")
    assert desk.status("a")["notes"] == []
    desk("down", "--name", "a")


def test_a_machine_that_was_suspended_goes_on_where_it_was(desk_of_mine):
    """All that is of the cluster stops for longer than a lease, and goes on."""
    desk = desk_of_mine
    desk.up("a", "--workers", "2")
    before = desk.status("a")["revision"]
    stopped = [psutil.Process(pid) for pid in desk.processes()]
    for process in stopped:
        process.suspend()
    with pytest.raises(psutil.TimeoutExpired):
        stopped[0].wait(4)
    for process in stopped:
        process.resume()

    def is_back():
        told = desk.status("a")
        return told["revision"] > before and all(
            row["view"]["online"] == 2 for row in told["nodes"] if row["node"].startswith("worker")
        )

    desk.until("all online again", is_back)
    desk("down", "--name", "a")


def test_a_supervisor_that_was_killed_is_told_and_cleaned_up(desk_of_mine):
    desk = desk_of_mine
    desk.up("a", "--workers", "1")
    daemon = daemon_of(desk)
    (launcher,) = psutil.Process(daemon).children()
    (supervisor,) = launcher.children()
    supervisor.kill()
    wait_until("the end of its sandbox", lambda: desk.processes() == {daemon}, GONE_S)
    told = desk("status", "--name", "a", code=255)
    assert told.startswith("a has ended: the supervisor ended unasked, and with it every process of the run; ")
    assert desk("down", "--name", "a").startswith("a is down: nothing left behind")


SMALL_DISK = """
import os, subprocess, sys
from harness.cluster import linux
linux.unshare(linux.CLONE_NEWNS)
linux.mount("", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
linux.mount("tmpfs", sys.argv[1], "tmpfs", options="size=300k")
harness = [sys.executable, "-m", "harness"]
def do(*words):
    done = subprocess.run([*harness, *words, "--name", "a"], capture_output=True, text=True)
    print(done.returncode, done.stdout, done.stderr, flush=True)
    return done
do("up", "--workers", "2", "--etcd", "process", "--runs", sys.argv[1])
open(sys.argv[1] + "/filler", "wb", buffering=0).write(bytes(1 << 20))
while "no space left" not in do("status").stdout.lower():
    pass
for words in (["inject", "pause", "worker-1"], ["heal"], ["where", "file:///ufs/key-00001"], ["check"], ["down"]):
    do(*words)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a disk")
def test_a_full_disk_ends_the_record_and_not_the_cluster(desk_of_mine):
    desk, disk = desk_of_mine, desk_of_mine.folder / "disk"
    disk.mkdir()
    words = [sys.executable, "-c", SMALL_DISK, str(disk)]
    done = subprocess.run(
        words, cwd=desk.folder, env=desk.environment, capture_output=True, text=True, timeout=120, check=False
    )
    codes = [line.split(" ")[0] for line in done.stdout.splitlines() if re.match(r"\d+ ", line)]
    assert codes[-5:] == ["0", "0", "0", "255", "0"], done.stdout + done.stderr
    assert "the record is not whole" in done.stdout
