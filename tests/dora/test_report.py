import socket
import subprocess
import sys
from contextlib import closing

import pytest

from harness.core.history import Op
from harness.dora.report import Reporter


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, closing(Reporter("worker-1", theirs.detach())) as reporter:
        yield ours, reporter


def test_one_op_is_one_datagram(pair):
    harness, reporter = pair
    reporter.tell("serve", {"lease": 7})
    reporter.tell("keepalive", {"lease": 7}, "fail", "gone")
    first, second = Op.parse(harness.recv(4096)), Op.parse(harness.recv(4096))
    assert (first.actor, first.f, first.type, first.value, first.id) == ("worker-1", "serve", "ok", {"lease": 7}, 0)
    assert (second.f, second.type, second.error) == ("keepalive", "fail", "gone")
    assert 0 < first.time_ns <= second.time_ns


def test_what_a_full_socket_did_not_take_comes_later_and_in_order(pair):
    harness, reporter = pair
    for number in range(3000):
        reporter.tell("serve", {"lease": number, "padding": "x" * 200})
    harness.settimeout(0)
    heard = []
    while len(heard) < 3001:
        try:
            heard.append(Op.parse(harness.recv(4096)).value.get("lease"))
        except BlockingIOError:
            reporter.tell("fence", {"lease": 3000})
    assert heard[:3001] == list(range(3001))


def told_by_a_program(history):
    """What a program says, on all its streams, that tells two ops to `history`."""
    program = f"""
from harness.dora.report import Reporter
reporter = Reporter("worker-1", {history})
reporter.tell("serve", {{}})
reporter.tell("serve", {{}})
print("goes on")
"""
    inherited = () if history is None else (history,)
    done = subprocess.run([sys.executable, "-c", program], pass_fds=inherited, capture_output=True, check=False)
    return done.stdout, done.stderr


def test_a_harness_that_is_gone_hurts_nobody():
    harness, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    harness.close()
    with theirs:
        assert told_by_a_program(theirs.fileno()) == (b"goes on\n", b"")


def test_without_a_harness_nothing_is_told():
    assert told_by_a_program(None) == (b"goes on\n", b"")
