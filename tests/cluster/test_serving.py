"""A remote and a server at the two ends of a socket, the server in a process of its own."""

import os
import socket
import subprocess
import sys
import threading

import pytest

from harness.cluster.remote import Remote
from harness.errors import ClusterError
from tests.meta.source import ROOT

SERVER = """
import os, socket, sys
from harness.cluster.serving import Server
from harness.errors import ClusterError

def write_through(texts):
    with server.sent_along() as descriptors:
        if not texts:
            raise ClusterError("nothing to write")
        for descriptor, text in zip(descriptors, texts, strict=True):
            os.write(descriptor, text.encode())

def refuse():
    raise ClusterError("no")

def held():
    return len(os.listdir("/proc/self/fd"))

def fail():
    server.fail("it is over")

words = {"add": lambda a, b: a + b, "write": write_through, "refuse": refuse, "held": held, "fail": fail,
         "missing": lambda: {}["gone"], "end": lambda: os._exit(0)}
server = Server(socket.socket(fileno=int(sys.argv[1])), words.__getitem__)
while server():
    pass
"""


class Asked:
    def __init__(self):
        ours, theirs = socket.socketpair()
        number = theirs.fileno()
        with theirs:
            process = subprocess.Popen([sys.executable, "-c", SERVER, str(number)], pass_fds=[number], cwd=ROOT)
        self.reasons, self.is_gone = [], threading.Event()
        self.remote = Remote("supervisor", ours, process, "process", self._gone)

    def _gone(self, reason):
        self.reasons.append(reason)
        self.is_gone.set()


@pytest.fixture
def asked():
    asked = Asked()
    yield asked
    asked.remote.quit()


def test_an_answer_is_the_words_and_so_is_its_refusal(asked):
    assert asked.remote.ask("add", a=1, b=2) == 3
    with pytest.raises(ClusterError, match=r"^refuse: no$"):
        asked.remote.ask("refuse")
    with pytest.raises(ClusterError, match=r"^missing: 'gone'$"):
        asked.remote.ask("missing")
    with pytest.raises(ClusterError, match=r"^unknown: 'unknown'$"):
        asked.remote.ask("unknown")
    assert asked.remote.ask("add", a="x" * 300_000, b="y") == "x" * 300_000 + "y"


def test_descriptors_go_along_in_their_order_and_are_kept_by_nobody(asked):
    before = asked.remote.ask("held")
    pipes = [os.pipe() for _ in range(200)]
    asked.remote.ask("write", *(writer for _, writer in pipes), texts=[f"text {n}" for n in range(200)])
    assert asked.remote.ask("held") == before
    for number, (reader, writer) in enumerate(pipes):
        os.close(writer)
        with open(reader) as text:
            assert text.read() == f"text {number}"


def test_a_question_that_fails_closes_what_was_sent_along_and_the_next_one_has_its_own(asked):
    before = asked.remote.ask("held")
    reader, writer = os.pipe()
    with pytest.raises(ClusterError, match="write: nothing to write"):
        asked.remote.ask("write", writer, texts=[])
    for text in ("a", "b"):
        asked.remote.ask("write", writer, texts=[text])
    os.close(writer)
    with open(reader) as told:
        assert told.read() == "ab"
    assert asked.remote.ask("held") == before


def test_from_many_threads_each_gets_its_own_answer(asked):
    found = {}

    def ask(number):
        found[number] = asked.remote.ask("add", a=number, b=0)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: number for number in range(50)}


def test_the_last_word_says_why_it_is_over(asked):
    asked.remote.ask("fail")
    with pytest.raises(ClusterError, match="the run cannot go on: it is over"):
        asked.remote.ask("end")
    assert asked.is_gone.wait(30)
    assert asked.reasons == ["the run cannot go on: it is over"]


def test_whoever_waits_when_it_ends_hears_that_and_so_does_everybody_later(asked):
    for do in ("end", "add"):
        with pytest.raises(ClusterError, match="the supervisor ended unasked, and with it every process of the run"):
            asked.remote.ask(do)
    assert asked.is_gone.wait(30)


def test_to_hang_up_ends_it_and_is_no_surprise(asked):
    assert asked.remote.quit() == 0
    assert asked.reasons == []
