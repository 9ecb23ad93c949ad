"""Real processes: each test forks one from a command of its own, so that it may be killed, and its streams closed."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest

from harness.daemon.detached import detached
from harness.errors import ClusterError
from tests.conftest import eventually
from tests.meta.source import ROOT

COMMAND = """
import json, os, signal, sys, time
from pathlib import Path
from harness.daemon.detached import detached
log = Path(sys.argv[1])
{become}
code, told = detached(become)
print(json.dumps([code, told]), flush=True)
{after}
"""
STAYS = """
def become(starter):
    print("said while it starts", flush=True)
    signal.signal(signal.SIGUSR1, lambda *_: print("still here", flush=True))
    starter.let_go({"pid": os.getpid()}, log)
    print("said later", flush=True)
    os.write(2, b"and what went wrong\\n")
    while True:
        signal.pause()
"""
STARTS = """
def become(starter):
    try:
        print(os.getpid(), flush=True)
        while True:
            signal.pause()
    except KeyboardInterrupt:
        os.write(1, b"interrupted\\n")
        return 130
"""


def command(folder, become, after="", **streams):
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    program = COMMAND.format(become=become, after=after)
    return subprocess.Popen([sys.executable, "-c", program, str(folder / "log")], cwd=ROOT, text=True, **streams)


@pytest.fixture
def pids():
    """Of processes that stay; they are ended with the test."""
    pids = []
    yield pids
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def staying(folder, pids, **options):
    """The output of a command that has left a process behind, and that process."""
    with command(folder, STAYS, **options) as starter:
        out, err = starter.communicate()  # until all that have its streams are gone
    assert (starter.returncode, err) == (0, "")
    first, last = out.splitlines()
    code, told = json.loads(last)
    pids.append(told["pid"])
    assert (first, code) == ("said while it starts", None)
    return psutil.Process(told["pid"])


def test_what_is_ready_outlives_the_command_and_has_no_stream_of_its(tmp_path, pids):
    process = staying(tmp_path, pids)
    eventually(lambda: (tmp_path / "log").read_text() == "said later\nand what went wrong\n", "its log")
    process.send_signal(signal.SIGUSR1)
    eventually(lambda: "still here" in (tmp_path / "log").read_text(), "its answer after the command's end")
    assert os.readlink(f"/proc/{process.pid}/fd/0") == os.devnull
    assert {os.readlink(f"/proc/{process.pid}/fd/{number}") for number in (1, 2)} == {str(tmp_path / "log")}


def test_it_is_in_a_session_of_its_own_so_that_a_terminals_end_is_not_its(tmp_path, pids):
    process = staying(tmp_path, pids)
    assert os.getsid(process.pid) == process.pid


def test_its_log_is_added_to_and_nobody_else_may_write_there(tmp_path, pids):
    staying(tmp_path, pids)
    assert (tmp_path / "log").stat().st_mode & 0o133 == 0
    staying(tmp_path, pids)
    eventually(lambda: (tmp_path / "log").read_text().count("said later\nand what went wrong\n") == 2, "both")


def test_a_command_that_is_killed_takes_what_is_not_ready_with_it(tmp_path, pids):
    with command(tmp_path, STARTS) as starter:
        pids.append(int(starter.stdout.readline()))
        starter.kill()
        assert starter.stdout.read() == ""  # its end: who had the stream is gone
    eventually(lambda: not psutil.pid_exists(pids[0]), "its end")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_command_is_one_to_what_is_not_ready(tmp_path, pids, number):
    heard = "signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
    heard += "signal.signal(signal.SIGHUP, signal.default_int_handler)\n"
    with command(tmp_path, heard + STARTS) as starter:
        pids.append(int(starter.stdout.readline()))
        starter.send_signal(number)
        assert starter.communicate() == ("interrupted\n[130, null]\n", "")


def test_once_it_is_let_go_the_commands_signals_are_its_own_again():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    assert detached(lambda starter: 3) == (3, None)
    assert {number: signal.getsignal(number) for number in before} == before


def test_what_ends_before_it_is_ready_tells_its_exit_code_and_what_it_has_to_say():
    def told(starter):
        starter.tell({"why": "no room"})
        return 2

    assert detached(told) == (2, {"why": "no room"})


def test_one_that_dies_is_told_by_its_signal_and_one_that_raises_is_a_failure():
    before = signal.getsignal(signal.SIGINT)

    def killed(starter):
        os.kill(os.getpid(), signal.SIGKILL)

    def fails(starter):
        os.close(2)
        raise RuntimeError

    with pytest.raises(ClusterError, match=r"^the process that was to hold the cluster was ended by SIGKILL$"):
        detached(killed)
    assert signal.getsignal(signal.SIGINT) == before
    assert detached(fails) == (255, None)


def test_a_long_story_is_told_whole():
    story = "x" * 1_000_000

    def told(starter):
        starter.tell(story)
        return 0

    assert detached(told) == (0, story)
