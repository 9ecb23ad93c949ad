"""How processes are sampled: these are this very process under many names."""

import json
import os
import socket

import pytest

from harness.cluster import processes
from harness.cluster.process import Process
from harness.cluster.processes import Processes


@pytest.fixture
def crowd(tmp_path):
    """A hundred and twenty nodes whose samples are always due."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        crowd = Processes(ours, tmp_path / "metrics.jsonl")
        crowd.due_in_s = lambda: 0.0
        for number in range(120):
            crowd.started(Process(f"node-{number}", os.getpid(), 1, tmp_path / "log"))
            theirs.recv(1 << 16)
        yield crowd
        for process in crowd:
            os.close(process.pidfd)


def sampled(tmp_path):
    return [json.loads(line)["node"] for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]


def test_a_few_are_sampled_at_once_and_all_before_any_again(crowd, tmp_path):
    for _ in range(4):
        crowd.sample()
    every = [f"node-{number}" for number in range(120)]
    assert sampled(tmp_path) == [*every, *every[:50]]


def test_of_few_all_are_sampled_at_once(crowd, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "_SAMPLED_AT_ONCE", 200)
    crowd.sample()
    assert len(sampled(tmp_path)) == 120
