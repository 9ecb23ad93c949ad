"""
PID 1 of a sandbox: makes its network, starts and signals its processes, samples them, and ends with the command.

It answers JSON lines of the command, one at a time and at once: nothing here waits for a cluster to change. What
happens to processes goes into the history; their CPU and memory go into the metrics file.
"""

import json
import os
import selectors
import signal
import socket
from pathlib import Path
from typing import Any

from harness.cluster import zygote
from harness.cluster.broker_line import BrokerLine
from harness.cluster.keeper import Keeper
from harness.cluster.ledger import own_namespaces
from harness.cluster.process import Process, fork_into, gate, pass_gate, tail
from harness.cluster.processes import Processes
from harness.cluster.relay import relay
from harness.cluster.sandbox import HARNESS_PLACE, HOME
from harness.cluster.spec import Spec
from harness.core.content import content_of

_ZYGOTE_S = 30.0


class Supervisor(Keeper[Process]):
    """`broker` is the line to the keeper of containers, where there is one."""

    def __init__(
        self, control: socket.socket, history: socket.socket, metrics: Path, broker: socket.socket | None = None
    ) -> None:
        super().__init__(control, Processes(history, metrics))
        self._history, self._broker = history, broker
        self._selector = selectors.DefaultSelector()
        self._zygote_log = metrics.with_name("logs") / "zygote.log"

    def run(self) -> int:
        """Serve until the command hangs up."""
        self._watch_children()
        self._fork_zygote()
        from harness.cluster.fabric import Fabric  # imported while the zygote imports, on the other core

        self._fabric = Fabric()
        self._say_ready()
        self._selector.register(self._control, selectors.EVENT_READ, self._server)
        if self._broker:
            hear = BrokerLine(self._broker, self._fabric, self._server)
            self._selector.register(self._broker, selectors.EVENT_READ, hear)
        while True:
            for key, _ in self._selector.select(self._processes.due_in_s()):
                if not key.data():
                    return 0
            self._processes.sample()

    # what the command asks

    def _say_ready(self) -> None:
        namespaces = own_namespaces()
        socket.send_fds(self._control, [b'{"ready":true}\n'], namespaces)
        for fd in namespaces:
            os.close(fd)

    def _do_network(self, names: list[str]) -> None:
        self._fabric.add(names)
        Path(HOME, "hosts").write_text(self._fabric.hosts())

    def _do_ufs(self, seed: int, keys: list[str], file_bytes: int | None) -> None:
        for key in keys:
            path = Path(key.removeprefix("file://"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content_of(seed, key, file_bytes))

    def _do_start(self, specs: list[dict[str, Any]]) -> None:
        """All at once: none begins before all are there, and each one's start is told before anything that it does."""
        nodes = [Spec.from_json(spec) for spec in specs]
        incarnations = [self._next_incarnation(node) for node in nodes]
        with gate() as closed:
            forks = [
                self._order(node, n, closed) for node, n in zip(nodes, incarnations, strict=True) if not node.program
            ]
            pids = iter(self._forked(forks) if forks else ())
            for node, incarnation in zip(nodes, incarnations, strict=True):
                pid = self._exec(node, closed) if node.program else next(pids)
                self._processes.started(Process(node.name, pid, incarnation, Path(node.log)))

    def _do_cut(self, links: list[list[str]]) -> list[tuple[str, str]]:
        return sorted(self._fabric.cut([(a, b) for a, b in links]))

    def _do_mend(self, links: list[list[str]]) -> list[tuple[str, str]]:
        return sorted(self._fabric.mend([(a, b) for a, b in links]))

    def _do_passing(self, links: list[list[str]]) -> list[tuple[str, str]]:
        return sorted(self._fabric.passing([(a, b) for a, b in links]))

    def _do_publish(self, name: str, doors: list[tuple[str, int]], log: str) -> None:
        """Pass on what comes at the listeners that were sent along to a port of a node each."""
        with self._server.sent_along() as listeners:
            addresses = [(self._fabric[node].ip, port) for node, port in doors]
            here = self._fabric[HARNESS_PLACE].network
            pid = fork_into(here, Path(log), {*listeners}, lambda: relay(listeners, addresses))
        self._processes.started(Process(name, pid, 1, Path(log)))

    def _do_network_of(self, name: str) -> int:
        """The descriptor, of this process, of a node's network."""
        return self._fabric[name].network

    def _do_tell(self, name: str, message: dict[str, Any]) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(1.0)
            line.connect(f"{HOME}/{name}/control.sock")
            line.sendall(json.dumps(message).encode() + b"\n")

    # processes

    def _fork_zygote(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        here = os.open("/proc/self/ns/net", os.O_RDONLY)
        history = self._history.fileno()
        keep = {theirs.fileno(), history}
        fork_into(here, self._zygote_log, keep, lambda: zygote.main(theirs, history))
        theirs.close()
        os.close(here)
        ours.settimeout(_ZYGOTE_S)
        self._zygote = ours
        self._selector.register(ours, selectors.EVENT_READ, self._hear_zygote)

    def _next_incarnation(self, node: Spec) -> int:
        last = self._processes.before(node.name)
        if last is None:
            _furnish(Path(HOME, node.name), node.files)
        return last.incarnation + 1 if last else 1

    def _order(self, node: Spec, incarnation: int, gate: int) -> dict[str, Any]:
        """What the zygote is told of one node; its settings, which may be long, lie in its home."""
        home, ours = Path(HOME, node.name), f"/proc/{os.getpid()}/fd"
        settings = {"name": node.name, "incarnation": incarnation, "home": str(home), **node.settings}
        settings["control"] = str(home / "control.sock")
        told = home / "settings.json"
        told.write_text(json.dumps(settings))
        network, closed = f"{ours}/{self._fabric[node.place].network}", f"{ours}/{gate}"
        return {"run": node.run, "settings": str(told), "network": network, "gate": closed, "log": node.log}

    def _forked(self, orders: list[dict[str, Any]]) -> list[int]:
        self._zygote.send(json.dumps(orders).encode())
        while "started" not in (message := self._zygote_message()):
            self._processes.ended(message["ended"], message["status"])
        pids: list[int] = message["started"]
        return pids

    def _exec(self, node: Spec, gate: int) -> int:
        def become() -> int:
            pass_gate(gate)
            os.chdir(Path(HOME, node.name))
            os.execvp(node.program[0], node.program)

        return fork_into(self._fabric[node.place].network, Path(node.log), {gate}, become)

    def _zygote_message(self) -> dict[str, Any]:
        """Without its zygote a supervisor is of no use: it says why, and ends."""
        try:
            data = self._zygote.recv(1 << 16)
            what = "ended"
        except TimeoutError:
            data, what = b"", f"has not answered for {_ZYGOTE_S:g} s: the machine may be too busy"
        if not data:
            reason = f"the zygote {what}; its log says: {' | '.join(tail(self._zygote_log)) or 'nothing'}"
            self._server.fail(reason)
            raise SystemExit(1)
        message: dict[str, Any] = json.loads(data)
        return message

    def _hear_zygote(self) -> bool:
        message = self._zygote_message()
        self._processes.ended(message["ended"], message["status"])
        return True

    def _watch_children(self) -> None:
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        self._wakeup = writer
        signal.set_wakeup_fd(writer.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

        def reap() -> bool:
            reader.recv(4096)
            while self._reap_one():
                pass
            return True

        self._selector.register(reader, selectors.EVENT_READ, reap)

    def _reap_one(self) -> bool:
        """Whether there was one; a stranger's child, left to PID 1, counts."""
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid:
            self._processes.ended(pid, os.waitstatus_to_exitcode(status))
        return bool(pid)


def _furnish(home: Path, files: dict[str, str]) -> None:
    home.mkdir(parents=True)
    for name, text in files.items():
        (home / name).write_text(text)
