"""Who keeps processes and answers the command: the supervisor, and the broker for those in containers."""

import socket
from typing import Generic, TypeVar

from harness.cluster.process import Process
from harness.cluster.processes import Processes
from harness.cluster.serving import Server

P = TypeVar("P", bound=Process)


class Keeper(Generic[P]):
    """A method `_do_...` is a word of the command; those here are common to all keepers."""

    def __init__(self, control: socket.socket, processes: Processes[P]) -> None:
        self._control, self._processes = control, processes
        self._server = Server(control, lambda do: getattr(self, f"_do_{do}"))

    def _do_signal(self, names: list[str], signals: list[str]) -> None:
        self._processes.signal(names, signals)

    def _do_process(self, name: str) -> dict[str, bool]:
        return self._processes.state(name)

    def _do_running(self) -> list[str]:
        return self._processes.running()
