"""A real sandbox for one test, and the ops that it recorded."""

import socket
import threading

import pytest

from harness.cluster.control import Control
from harness.core.history import Op


class Box:
    """`control` of a supervisor that runs, `ops` as they come, `reasons` why it is gone."""

    def __init__(self, folder):
        (folder / "logs").mkdir(parents=True)
        self.folder, self.ops, self.reasons = folder, [], []
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        log = folder / "logs" / "supervisor.log"
        self.control = Control(theirs, folder / "metrics.jsonl", log, str(folder), self.reasons.append)
        theirs.close()
        self._history = ours
        self._thread = threading.Thread(target=self._receive)
        self._thread.start()

    def heard(self, actor, f):
        return [op for op in self.ops if (op.actor, op.f) == (actor, f) and op.type == "ok"]

    def end(self):
        self.control.quit()
        self._thread.join()
        self._history.close()

    def _receive(self):
        while line := self._history.recv(1 << 20):
            self.ops.append(Op.parse(line))


@pytest.fixture
def box(tmp_path):
    box = Box(tmp_path / "box")
    yield box
    box.end()
    assert box.control.ledger.left_behind() == []
    box.control.ledger.close()
