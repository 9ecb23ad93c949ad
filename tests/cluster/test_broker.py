"""The broker between an engine that fails and a supervisor that is late."""

import json
import socket
import threading

import pytest

from harness.cluster import broker as program
from harness.cluster.broker import Broker, Contained
from harness.cluster.engine import COMMAND, NODE, RUN
from harness.cluster.processes import Processes
from harness.cluster.spec import Spec
from tests.cluster.engine_double import EngineDouble

pytestmark = pytest.mark.cluster

LABELS = {RUN: "one", COMMAND: "1 1"}
ROW = {"Id": "f" * 64, "Labels": {**LABELS, NODE: "etcd-1"}}


class Held:
    """A broker in a thread; `command` and `supervisor` are the other ends of its lines."""

    def __init__(self, folder, engine):
        self.command, control = socket.socketpair()
        self.supervisor, line = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._history, history = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lines = [control, line, history]
        self.spec = Spec("etcd-1", ("etcd",), str(folder / "etcd-1.log"), "etcd-1", "etcd", image="some:etcd")
        self.broker = Broker(control, line, engine.url, Processes[Contained](history, folder / "metrics.jsonl"), LABELS)
        self._thread = threading.Thread(target=self.broker.serve)
        self._thread.start()

    def start(self):
        self.ask("start", specs=[self.spec.to_json()])

    def ask(self, do, **arguments):
        request = {"id": 1, "do": do, "with": arguments}
        self.command.sendall(json.dumps(request).encode() + b"\n")

    def answer(self):
        return json.loads(self.command.recv(1 << 16))

    def asked(self):
        return json.loads(self.supervisor.recv(1 << 16))

    def reply(self, number, addresses):
        self.supervisor.sendall(json.dumps({"id": number, "answer": addresses}).encode())

    def hang_up(self):
        self.command.close()
        self._thread.join()

    def close(self):
        self.hang_up()
        for thread in threading.enumerate():
            if thread.name == "sweep":
                thread.join()
        for line in (self.supervisor, self._history, *self._lines):
            line.close()


@pytest.fixture
def double(tmp_path):
    double = EngineDouble(tmp_path / "engine.sock", lambda path: [], lambda path: None)
    yield double
    double.close()


@pytest.fixture
def held(tmp_path, double):
    held = Held(tmp_path, double)
    yield held
    held.close()


def test_a_container_that_the_engine_makes_after_it_failed_to_answer_is_removed(held, double):
    held.start()
    held.reply(held.asked()["id"], {})
    assert "does not answer" in held.answer()["error"]
    held.hang_up()
    looks = []

    def made_late(path):
        if f"{RUN}%3Done" not in path:
            return []  # of the sweep for other runs' leftovers
        looks.append(path)
        return [ROW] if len(looks) > 1 and not double.count("DELETE") else []

    double.rows, double.status = made_late, lambda path: 204
    held.broker.remove()
    assert double.count("DELETE") == 1


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one(held, double, monkeypatch):
    monkeypatch.setattr(program, "_WIRED_S", 0.1)
    held.start()
    first = held.asked()["id"]
    assert "the supervisor did not answer 'hosts'" in held.answer()["error"]
    monkeypatch.undo()
    held.reply(first, {"old": "192.0.2.1"})
    held.start()
    held.reply(held.asked()["id"], {"new": "192.0.2.2"})
    held.answer()
    (created,) = (body for method, path, body in double.asked if "create" in path)
    assert created["HostConfig"]["ExtraHosts"] == ["new:192.0.2.2"]
    held.ask("running")
    assert held.answer()["answer"] == []
