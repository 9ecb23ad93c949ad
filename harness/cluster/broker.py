"""
The program outside the sandbox that keeps containers: starts, signals, samples and in the end removes them.

It answers the command with the supervisor's words for processes. At every start of a container it hands the
container's network namespace to the supervisor, which wires it: a container that ends takes its wire along. It ends
with the command or the supervisor, whichever goes first, and removes what it made; it is in a session of its own, so
what kills the command's process group does not reach it.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from harness.cluster.engine import COMMAND, NODE, RUN, Engine, EngineError
from harness.cluster.keeper import Keeper
from harness.cluster.ledger import MARK
from harness.cluster.leftovers import remove_run, sweep
from harness.cluster.process import Process
from harness.cluster.processes import Processes
from harness.cluster.spec import Spec
from harness.errors import ClusterError

_WIRED_S = 10.0
_LOG_S = 2.0
_RETRY_S = 1.0
_WAIT_S = 600.0


@dataclass
class Contained(Process):
    """One incarnation of a node in a container: the process is the machine's, but the engine signals it."""

    container: str = ""
    engine: Engine | None = None
    output: threading.Thread | None = None

    @property
    def is_paused(self) -> bool:
        return self.is_running and self.engine is not None and self.engine.is_paused(self.container)

    def signal(self, name: str) -> None:
        self.asked |= name in ("TERM", "KILL")
        if self.is_running and self.engine:
            self.engine.signal(self.container, name)


class Broker(Keeper[Contained]):
    """`labels` are those of the run's containers."""

    def __init__(
        self,
        control: socket.socket,
        supervisor: socket.socket,
        url: str,
        processes: Processes[Contained],
        labels: dict[str, str],
    ) -> None:
        super().__init__(control, processes)
        self._supervisor, self._url, self._labels = supervisor, url, labels
        self._selector = selectors.DefaultSelector()
        self._numbers, self._looks = count(1), 1

    def serve(self) -> None:
        """Until the command or the supervisor hangs up, or the engine fails."""
        self._selector.register(self._control, selectors.EVENT_READ, self._server)
        self._selector.register(self._supervisor, selectors.EVENT_READ, self._hear_supervisor)
        try:
            with contextlib.closing(Engine(self._url)) as self._engine:
                sweep(self._url)
                while self._turn():
                    self._processes.sample()
        except EngineError as error:
            with contextlib.suppress(OSError):
                self._server.fail(str(error))

    def _turn(self) -> bool:
        return all(key.data() for key, _ in self._selector.select(self._processes.due_in_s()))

    # what the command asks

    def _do_start(self, specs: list[dict[str, Any]]) -> None:
        try:
            for spec in specs:
                self._start(Spec.from_json(spec))
        except EngineError:
            self._looks = 2  # what it was asked for may still come to be
            raise

    # containers

    def _start(self, node: Spec) -> None:
        last = self._processes.before(node.name)
        container = last.container if last else self._create(node)
        output = _copied(self._engine.output(container), Path(node.log))
        pid = self._engine.start(container)
        incarnation = last.incarnation + 1 if last else 1
        process = Contained(
            node.name, pid, incarnation, Path(node.log), container=container, engine=self._engine, output=output
        )
        self._processes.started(process)
        if process.pidfd < 0:
            self._ended(process)
        else:
            self._selector.register(process.pidfd, selectors.EVENT_READ, lambda: self._ended(process))
            self._wire(process)

    def _create(self, node: Spec) -> str:
        if not node.program:
            raise ClusterError(f"{node.name}: a container runs a program")
        hosts = self._ask_supervisor("hosts")
        labels = {**self._labels, NODE: node.name}
        return self._engine.create(node.image, node.program, labels, {MARK: self._labels[RUN]}, hosts)

    def _wire(self, process: Contained) -> None:
        """Raises ClusterError when the pid is not that of our container: whose network it was, nobody could say."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended already, which will be told
            groups = Path(f"/proc/{process.pid}/cgroup").read_text()
            network = os.open(f"/proc/{process.pid}/ns/net", os.O_RDONLY)
            try:
                if process.container not in groups:
                    raise ClusterError(f"process {process.pid} is not {process.name}, though the engine says so")
                self._ask_supervisor("wire", network, name=process.name)
            finally:
                os.close(network)

    def _ask_supervisor(self, do: str, *descriptors: int, **fields: str) -> Any:
        number, reply = next(self._numbers), dict[str, Any]()
        self._supervisor.settimeout(_WIRED_S)
        socket.send_fds(self._supervisor, [json.dumps({"id": number, "do": do, **fields}).encode()], descriptors)
        while reply.get("id") != number:  # one that comes too late is no answer to the next question
            try:
                said = self._supervisor.recv(1 << 20)
            except TimeoutError:
                said = b""
            if not said:
                raise ClusterError(f"the supervisor did not answer {do!r} within {_WIRED_S:g} s")
            reply = json.loads(said)
        if "error" in reply:
            raise ClusterError(reply["error"])
        return reply["answer"]

    def _hear_supervisor(self) -> bool:
        """False once it has hung up; an answer that nobody waits for any more is dropped."""
        self._supervisor.settimeout(0)
        try:
            return bool(self._supervisor.recv(1 << 20))
        except BlockingIOError:
            return True  # it was read by who waited for it
        except OSError:
            return False

    def _ended(self, process: Contained) -> bool:
        if process.pidfd >= 0:
            self._selector.unregister(process.pidfd)
        status = self._engine.exit_status(process.container)
        if process.output:
            process.output.join(_LOG_S)  # its last words are told with its end
        self._processes.ended(process.pid, status)
        return True

    def remove(self) -> None:
        """All that it made. An engine that does not answer is waited for; processes end without it."""
        pause, until_s = threading.Event(), time.monotonic() + _WAIT_S
        while time.monotonic() < until_s:
            try:
                remove_run(self._url, self._labels[RUN], self._looks)
            except EngineError:
                for process in self._processes:
                    Process.signal(process, "KILL")
                pause.wait(_RETRY_S)
            else:
                return


def _copied(output: Iterator[bytes], log: Path) -> threading.Thread:
    """A thread that copies what a container writes into its log."""

    def copy() -> None:
        with log.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            for chunk in output:
                file.write(chunk)

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    return thread


def main(arguments: list[str]) -> int:
    """The program: COMMAND METRICS_FILE ENGINE_URL CONTROL_FD HISTORY_FD SUPERVISOR_FD."""
    command, metrics, url = arguments[:3]
    control, history, supervisor = (socket.socket(fileno=int(argument)) for argument in arguments[3:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    labels = {RUN: os.environ[MARK], COMMAND: command}
    broker = Broker(control, supervisor, url, Processes(history, Path(metrics)), labels)
    try:
        broker.serve()
    finally:
        control.close()  # nobody has to wait for an engine that is gone
        history.close()
        broker.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
