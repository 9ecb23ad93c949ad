"""A sandbox that can't be made, while the broker of containers is up already."""

import os
import socket

import pytest

from harness.cluster import control
from harness.cluster.control import Control
from harness.errors import ClusterError
from tests.cluster.engine_double import EngineDouble

pytestmark = pytest.mark.cluster

REFUSING = """
from harness.cluster import linux
def refuse(flags):
    raise PermissionError(1, "Operation not permitted")
linux.unshare = refuse
"""


class Slow(Control):
    """Comes to hear that there is no sandbox when the broker has noticed it, and has ended."""

    def _first_word(self, log):
        self._broker._process.wait()
        return super()._first_word(log)


def test_a_sandbox_that_cannot_be_made_is_the_reason_and_not_the_brokers_end(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(REFUSING)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    (tmp_path / "logs").mkdir()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    log, reasons = tmp_path / "logs" / "supervisor.log", []
    double = EngineDouble(tmp_path / "engine.sock", lambda path: [], lambda path: 204)
    with ours, theirs, pytest.raises(ClusterError, match=r"no sandbox: .*Operation not permitted.*; `harness doctor`"):
        Slow(theirs, tmp_path / "metrics.jsonl", log, "one", reasons.append, engine=double.url)
    double.close()
    assert reasons == []


def test_a_sandbox_that_does_not_come_in_time_is_a_busy_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(control, "_START_S", 0.001)
    (tmp_path / "logs").mkdir()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    log = tmp_path / "logs" / "supervisor.log"
    with ours, theirs, pytest.raises(ClusterError, match=r"said nothing for 0\.002 s; the machine may be"):
        Control(theirs, tmp_path / "metrics.jsonl", log, "one", lambda reason: None, time_scale=2.0)
