"""The bridge beside a command, asked over its control socket as the harness asks it."""

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import eventually

pytestmark = pytest.mark.cluster

RUN = "import json, sys; from harness.dora import guest; {}; sys.exit(guest.main(json.loads(sys.argv[1])))"
ANSWERS = """
import json, sys
answers, first = json.loads(sys.argv[1]), []
noise = {"long": "x" * (9 << 20), "deep": "[" * 100_000, "flood": "x\\n" * 100_000}
for line in sys.stdin:
    request = json.loads(line)
    said = json.dumps({"id": request["id"], **answers[request["do"]]})
    print(noise.get(request.get("key"), ""), end="\\n" if request.get("key") in noise else "")
    if request.get("key") == "wait":
        first.append(said)
    else:
        print(said, *first, sep="\\n", flush=True)
"""
"""Answers by a table; of a key `wait` only after the next question, of `long` and `deep` after a line of nonsense."""
WORKER = "worker-00000000-0000-0000-0000-000000000001"
READ = {"owner": "worker-1:28080", "served_by": WORKER, "length": 3, "sha256": "0" * 64}


class Guest:
    def __init__(self, folder):
        self.path, self.log = folder / "control.sock", folder / "log"
        self._folder = folder

    def start(self, *command, first="pass"):
        """`first` is done in the bridge's process before it is one."""
        (self._folder / "identities.json").write_text(json.dumps({"worker-1:28080": WORKER}))
        ours, theirs = socket.socketpair()
        settings = {"name": "client-1", "incarnation": 2, "history_fd": theirs.fileno(), "folder": str(self._folder)}
        settings |= {"control": str(self.path), "identities": str(self._folder / "identities.json")}
        program = [sys.executable, "-c", RUN.format(first), json.dumps({**settings, "command": command})]
        with self.log.open("ab") as log, ours, theirs:
            self.process = subprocess.Popen(program, stdin=subprocess.DEVNULL, stderr=log, pass_fds=[theirs.fileno()])
        return self

    def answering(self, **answers):
        self.start(sys.executable, "-c", ANSWERS, json.dumps(answers))
        eventually(lambda: self.ask("sample"), "the guest to answer")
        return self

    def ask(self, do, **fields):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(15)
            line.connect(str(self.path))
            line.sendall(json.dumps({"do": do, **fields}).encode() + b"\n")
            return json.loads(line.makefile().readline())

    def is_silent(self):
        try:
            self.ask("sample")
        except (OSError, ValueError):
            return True
        return False


@pytest.fixture
def guest(tmp_path):
    guest = Guest(tmp_path)
    yield guest
    guest.process.kill()
    guest.process.wait()
    eventually(guest.is_silent, "the bridge to end with its command")


def test_a_sample_tells_the_members_by_identity_once_and_no_revision(guest):
    guest.answering(view={"members": ["worker-9:1", "worker-1:28080"]})
    told = guest.ask("sample")
    facts = {"pid": guest.process.pid, "incarnation": 2, "id": None, "state": "ready", "revision": None}
    assert told == {"ok": True, **facts, "digest": told["digest"], "view": {"members": [WORKER, "worker-9:1"]}}
    assert guest.ask("sample", seen=told["digest"])["view"] is None
    assert guest.ask("view") == {"ok": True, "members": [WORKER, "worker-9:1"]}


def test_a_command_without_a_view_is_not_ready(guest):
    guest.answering(view={"error": "not yet"})
    assert guest.ask("sample")["state"] == "no-view"
    assert guest.ask("view") == {"ok": False, "error": "not yet"}


def test_lookups_and_reads_are_told_as_our_own_clients_tell_them(guest):
    guest.answering(view={"members": []}, lookup={"owner": "worker-1:28080"}, read=READ)
    assert guest.ask("lookup", key="a") == {"ok": True, "owner": WORKER, "revision": None}
    assert guest.ask("read", key="a") == {"ok": True, **READ, "owner": WORKER, "revision": None}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"error": "no", "owner": "worker-1:28080"}, {"error": "no", "owner": WORKER}),
        ({"error": "no", "owner": None}, {"error": "no"}),
        ({**READ, "length": "3"}, {"error": "the answer to read lacks length, or they are of another kind"}),
        ({}, {"error": "the answer to read lacks served_by and length and sha256, or they are of another kind"}),
    ],
)
def test_what_failed_and_what_is_no_answer_are_failures(guest, answer, told):
    guest.answering(view={"members": []}, read=answer)
    assert guest.ask("read", key="a") == {"ok": False, **told}


def test_a_read_may_leave_its_owner_open(guest):
    guest.answering(view={"members": []}, read={**READ, "owner": None})
    assert guest.ask("read", key="a")["owner"] is None


def test_answers_may_come_in_any_order(guest):
    guest.answering(view={"members": []}, lookup={"owner": "worker-1:28080"})
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(guest.ask, "lookup", key="wait")
        eventually(lambda: guest.ask("lookup", key="a")["ok"] and waiting.done(), "both answers")
    assert waiting.result()["owner"] == WORKER


@pytest.mark.parametrize("key", ["long", "deep", "flood"])
def test_a_line_that_is_too_long_or_too_deep_is_no_answer_and_the_next_one_is(key, guest):
    guest.answering(view={"members": []}, lookup={"owner": "worker-1:28080"})
    assert guest.ask("lookup", key=key)["owner"] == WORKER
    assert "this is no answer: " in guest.log.read_text()
    assert guest.log.stat().st_size < 10_000


def test_a_paused_command_answers_nothing_and_goes_on_where_it_was(guest):
    guest.answering(view={"members": []})
    os.kill(guest.process.pid, signal.SIGSTOP)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(guest.ask, "sample")
        assert not waiting.done()
        os.kill(guest.process.pid, signal.SIGCONT)
        assert waiting.result()["state"] == "ready"


def python(guest, program, **how):
    guest.start(sys.executable, "-c", program, **how)
    eventually(lambda: not guest.is_silent(), "the bridge to listen")


def test_a_command_that_never_answers_is_asked_again_and_again_and_each_time_told_so(guest):
    python(guest, "import sys; sys.stdin.read()", first="guest._ANSWER_S = 0.01")
    for _ in range(100):
        assert guest.ask("sample") == {"ok": False, "error": "the command has not answered for 0.01 s"}


def test_a_command_that_never_reads_is_asked_no_more_than_a_pipe_and_a_buffer_hold(guest):
    python(guest, "import threading; threading.Event().wait()", first="guest._ANSWER_S = 0.01")
    told = {guest.ask("lookup", key="x" * 60_000)["error"] for _ in range(100)}
    assert told == {"the command has not answered for 0.01 s", "the command has 4194304 bytes of questions to read"}


@pytest.mark.parametrize("closed", [0, 1])
def test_a_command_that_closes_what_it_hears_or_says_by_is_silent_at_once(guest, closed):
    python(guest, f"import os, threading; input(); os.close({closed}); threading.Event().wait()")
    assert guest.ask("sample") == {"ok": False, "error": "the command has closed its stdin or stdout"}
    assert guest.ask("view") == {"ok": False, "error": "the command has closed its stdin or stdout"}


@pytest.mark.parametrize("program", ["pass", "import os, sys; os.fork() and os._exit(0); sys.stdin.read()"])
def test_a_command_that_ends_ends_the_node_whatever_it_leaves_behind(guest, program):
    assert guest.start(sys.executable, "-c", program).process.wait(timeout=15) == 0


def test_a_program_that_can_not_be_run_ends_the_node_with_a_reason(guest):
    assert guest.start("./nothing").process.wait(timeout=15) == 127
    assert "client-1 can't run ./nothing: No such file or directory" in guest.log.read_text()
