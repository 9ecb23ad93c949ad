"""The supervisor's end of the line to the broker: it wires containers, and gives up should the broker end."""

import contextlib
import json
import socket
from typing import TYPE_CHECKING, Any

from harness.cluster.serving import Server
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.cluster.fabric import Fabric

LOST = "the broker ended unasked, and with it every container of the run"


class BrokerLine:
    """
    Datagrams: `{"id","do":"hosts"}` for the address of every node; `{"id","do":"wire","name"}`, with a descriptor of
    the container's network namespace. Each answer has the id of its question. Call it whenever there is something to
    read.
    """

    def __init__(self, line: socket.socket, fabric: "Fabric", command: Server) -> None:
        self._line, self._fabric, self._command = line, fabric, command

    def __call__(self) -> bool:
        data, descriptors, *_ = socket.recv_fds(self._line, 1 << 16, 1)
        if not data:
            with contextlib.suppress(OSError):  # the command is gone too
                self._command.fail(LOST)
            return False
        request = json.loads(data)
        try:
            reply: dict[str, Any] = {"answer": self._answer(request, descriptors)}
        except (OSError, HarnessError) as error:
            reply = {"error": f"no wire: {error}"}
        self._line.sendall(json.dumps({"id": request["id"], **reply}).encode())
        return True

    def _answer(self, request: dict[str, Any], descriptors: list[int]) -> dict[str, str] | None:
        if request["do"] == "hosts":
            return self._fabric.addresses()
        self._fabric.adopt(request["name"], descriptors[0])
        return None
