"""The supervisor's end of the line to the broker: it wires containers, and clears up should the broker end."""

import json
import os
import socket
from typing import TYPE_CHECKING, Any

from harness.cluster.etcd_container import engine_url
from harness.cluster.ledger import MARK
from harness.cluster.serving import Server
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.cluster.fabric import Fabric


class BrokerLine:
    """Datagrams: `{"do":"hosts"}` for the address of every node; `{"do":"wire","name"}`, with a descriptor of the
    container's network namespace. Call it whenever there is something to read."""

    def __init__(self, line: socket.socket, fabric: "Fabric", command: Server) -> None:
        self._line, self._fabric, self._command = line, fabric, command

    def __call__(self) -> bool:
        data, descriptors, *_ = socket.recv_fds(self._line, 1 << 16, 1)
        if not data:
            self._broker_ended()
            return False
        try:
            reply: dict[str, Any] = {"answer": self._answer(json.loads(data), descriptors)}
        except (OSError, HarnessError) as error:
            reply = {"error": f"no wire: {error}"}
        self._line.sendall(json.dumps(reply).encode())
        return True

    def _answer(self, request: dict[str, Any], descriptors: list[int]) -> dict[str, str] | None:
        if request["do"] == "hosts":
            return self._fabric.addresses()
        self._fabric.adopt(request["name"], descriptors[0])
        return None

    def _broker_ended(self) -> None:
        """A call of the broker's may still be on its way to the engine: one look is not enough."""
        from harness.cluster.engine import EngineError  # imported late: not for every run
        from harness.cluster.leftovers import remove_run

        reason = "the broker ended unasked, and with it every container of the run"
        try:
            remove_run(engine_url(), os.environ[MARK], looks=2)
        except EngineError as error:
            reason = f"{reason}; what it left: {error}"
        self._command.fail(reason)
