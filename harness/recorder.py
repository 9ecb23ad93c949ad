"""
Writes the history: every op of every process of a run, line by line, as it comes.

Nodes, supervisor, observer and workload share one end of a socket that keeps message boundaries, so that no line is
torn, whoever is killed. The command owns the other end and the file.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.core.history import HARNESS, Op, OpType

_DATAGRAM_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 22

Listener = Callable[[Op], None]


class Recorder:
    """Use as a context: on leaving, all that was sent is in the file, which is closed."""

    def __init__(self, path: Path, listeners: Sequence[Listener], failed: Callable[[str], None]) -> None:
        """`failed` is called, with the reason, once the history can't be written any more."""
        self._listeners, self._failed = listeners, failed
        self._file = path.open("wb", buffering=1 << 16)
        self._ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self._ours, self.theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        self._lock = threading.Lock()
        self._is_failed = False
        self._thread = threading.Thread(target=self._receive, name="recorder", daemon=True)

    def __enter__(self) -> "Recorder":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.theirs.close()
        self._thread.join()
        self._ours.close()
        try:
            self._file.close()
        except OSError as error:
            self._fail(error)

    def hang_up(self) -> None:
        """Let go of the writers' end once the sandbox holds it; what is sent is received until its last holder ends."""
        self.theirs.close()

    def record(self, f: str, value: dict[str, Any], kind: OpType = "ok", error: str | None = None) -> Op:
        """A fact that the command itself knows."""
        op = Op(time.monotonic_ns(), HARNESS, kind, f, value, error)
        self.keep(op)
        return op

    def keep(self, op: Op) -> None:
        self._write(op.line().encode())
        for listener in self._listeners:
            listener(op)

    def _receive(self) -> None:
        while line := self._ours.recv(_DATAGRAM_BYTES):
            self._write(line)
            op = Op.parse(line)
            for listener in self._listeners:
                listener(op)

    def _write(self, line: bytes) -> None:
        with self._lock:
            if self._is_failed:
                return
            try:
                self._file.write(line + b"\n")
            except OSError as error:
                self._fail(error)

    def _fail(self, error: OSError) -> None:
        if not self._is_failed:
            self._is_failed = True
            self._failed(f"{self._file.name}: {error.strerror}; what was recorded until then is kept")


class Reporter:
    """The writers' end inside the sandbox: one op is one datagram. Once the command is gone, nothing is written."""

    def __init__(self, history_fd: int) -> None:
        self._socket = socket.socket(fileno=history_fd)

    def send(self, op: Op) -> None:
        with contextlib.suppress(OSError):
            self._socket.send(op.line().encode())

    def close(self) -> None:
        self._socket.close()

    def fact(self, actor: str, f: str, value: dict[str, Any], kind: OpType = "ok", error: str | None = None) -> None:
        self.send(Op(time.monotonic_ns(), actor, kind, f, value, error))
