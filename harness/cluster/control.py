"""The command's hold on a sandbox: its supervisor, its broker where nodes are in containers, and its ledger."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from harness.cluster.ledger import MARK, Ledger
from harness.cluster.linux import identity_of
from harness.cluster.remote import Remote
from harness.cluster.serving import DESCRIPTORS_MAX
from harness.cluster.spec import Spec
from harness.errors import ClusterError

_START_S = 60.0
"""Nothing waits for it where the supervisor ends: this is for one that hangs, and not for a machine that is slow."""


class Control:
    """
    A sandbox with its supervisor, started; `ledger` knows what there is of it on this machine.

    Raises ClusterError when the kernel refuses the namespaces, and from every later call once the supervisor is gone.
    """

    def __init__(
        self,
        history: socket.socket,
        metrics: Path,
        log: Path,
        mark: str,
        gone: Callable[[str], None],
        *,
        engine: str = "",
        time_scale: float = 1.0,
    ) -> None:
        """`gone` is called, with the reason, when supervisor or broker ended; `engine` is the URL of the broker's."""
        self._mark, self._engine, self._start_s = mark, engine, _START_S * time_scale
        self._publishers = count(1)
        self._tell_gone: Callable[[str], None] | None = None
        programs = _Programs(history, metrics, log, mark)
        self._ours, theirs = socket.socketpair()
        to_broker, to_supervisor = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, to_broker, to_supervisor:
            self._launcher = programs.launcher(theirs, *([to_broker] if engine else []))
            self._broker = programs.broker(to_supervisor, engine, self._broker_gone) if engine else None
        try:
            self.ledger = Ledger(mark, self._first_word(log), engine)
        except BaseException:
            self._abandon()
            raise
        self._tell_gone = gone
        self._supervisor = Remote("supervisor", self._ours, self._launcher, "process", gone)

    def ask(self, do: str, **arguments: Any) -> Any:
        """The supervisor's answer. Raises ClusterError when it refuses, or is gone."""
        return self._supervisor.ask(do, **arguments)

    def keeper(self, spec: Spec) -> Remote:
        """Who starts and signals this node: the supervisor, or the broker for a container."""
        return self._broker if spec.image and self._broker else self._supervisor

    def running(self) -> list[str]:
        """Every node that runs. Raises ClusterError."""
        return [name for keeper in (self._supervisor, self._broker) if keeper for name in keeper.ask("running")]

    def publish(self, doors: list[tuple[str, int]], listeners: list[int], log: Path) -> None:
        """See `Cluster.publish`. Raises ClusterError."""
        for first in range(0, len(doors), DESCRIPTORS_MAX):
            some = slice(first, first + DESCRIPTORS_MAX)
            name = f"publisher-{next(self._publishers)}"
            self._supervisor.ask("publish", *listeners[some], name=name, doors=doors[some], log=str(log))

    def pids_outside(self) -> dict[int, int]:
        """Of the processes in the sandbox the pids that this machine has for them, by those of the sandbox."""
        pids = dict[int, int]()
        with contextlib.suppress(psutil.Error):
            for process in psutil.Process(self._launcher.pid).children(recursive=True):
                with contextlib.suppress(OSError, StopIteration):
                    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
                    pids[int(next(line for line in lines if line.startswith("NSpid:")).split()[-1])] = process.pid
        return pids

    def namespaces_of(self, node: str) -> dict[str, int]:
        """See `Cluster.namespaces_of`. Raises ClusterError."""
        number = self._supervisor.ask("network_of", name=node)
        held = {kind: os.dup(fd) for kind, fd in self.ledger.namespaces_held().items() if kind != "net"}
        try:
            (pid,) = psutil.Process(self._launcher.pid).children()
            return {**held, "net": os.open(f"/proc/{pid.pid}/fd/{number}", os.O_RDONLY)}
        except (OSError, ValueError, psutil.Error) as error:
            for fd in held.values():
                os.close(fd)
            raise ClusterError(f"no way into the network of {node}: {error}") from error

    def kill(self) -> None:
        """End the sandbox without a word; whoever waits for its answer hears that it is gone, and `quit` is due."""
        self._supervisor.kill()

    def quit(self) -> None:
        """End the supervisor, and with it all that runs in the sandbox, and all containers; returns when it is gone."""
        if self._broker:
            self._broker.dismiss()  # it follows the supervisor
        self._supervisor.quit()
        self._end_broker()

    def _broker_gone(self, reason: str) -> None:
        """Until the sandbox stands its own reason counts; if the broker's is another, the first start will tell."""
        if self._tell_gone:
            self._tell_gone(reason)

    def _first_word(self, log: Path) -> list[int]:
        """Descriptors of the sandbox' namespaces, sent along with it."""
        self._ours.settimeout(self._start_s)
        try:
            said, namespaces, *_ = socket.recv_fds(self._ours, 1 << 16, 8)
        except TimeoutError:
            reason = f"its supervisor said nothing for {self._start_s:g} s; the machine may be too busy for another run"
            raise ClusterError(f"no sandbox: {reason}") from None
        self._ours.settimeout(None)
        word: dict[str, Any] = json.loads(said) if said else {"failed": f"its supervisor ended; {log} may say why"}
        if "failed" in word:
            raise ClusterError(f"no sandbox: {word['failed']}")
        return namespaces

    def _abandon(self) -> None:
        self._launcher.kill()
        self._launcher.wait()
        self._ours.close()
        self._end_broker()

    def _end_broker(self) -> None:
        """It removes its containers; one that was killed can't, and a call of its may still be on its way."""
        if not self._broker or self._broker.quit(or_kill=False) in (0, None):
            return
        from harness.cluster.engine import EngineError  # imported late: not for every run
        from harness.cluster.leftovers import remove_run

        with contextlib.suppress(EngineError):  # it will be told as left behind
            remove_run(self._engine, self._mark, looks=2)


@dataclass(frozen=True)
class _Programs:
    """What every program of a run is given: where its ops and metrics go, where it says what went wrong, its mark."""

    history: socket.socket
    metrics: Path
    log: Path
    mark: str

    def launcher(self, *lines: socket.socket) -> subprocess.Popen[bytes]:
        inherited = [lines[0], self.history, *lines[1:]]
        return self._start("launcher", self.log, inherited, [str(os.getpid()), str(self.metrics)])

    def broker(self, supervisor: socket.socket, engine: str, gone: Callable[[str], None]) -> Remote:
        ours, theirs = socket.socketpair()
        with theirs:
            words = [identity_of(os.getpid()), str(self.metrics), engine]
            log = self.log.with_name("broker.log")
            process = self._start("broker", log, [theirs, self.history, supervisor], words)
        return Remote("broker", ours, process, "container", gone)

    def _start(self, name: str, log: Path, lines: list[socket.socket], words: list[str]) -> subprocess.Popen[bytes]:
        """In a session of its own: a terminal's Ctrl-C, and a kill of the command's group, reach the command alone."""
        descriptors = [line.fileno() for line in lines]
        with log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", f"harness.cluster.{name}", *words, *map(str, descriptors)],
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, MARK: self.mark},
                start_new_session=True,
            )
