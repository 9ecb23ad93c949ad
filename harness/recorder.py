"""
Writes the history: every op of every process of a run, line by line, as it comes.

Nodes, supervisor, observer and workload share one end of a socket that keeps message boundaries, so that no line is
torn, whoever is killed. The command owns the other end and the file.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.core.history import HARNESS, Op, OpType
from harness.core.repeats import Whole

_DATAGRAM_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 22
_DRAIN_S = 10.0

# A line longer than a socket may hold (a snapshot of hundreds of workers) comes in parts: a mark that begins no JSON,
# which line, whether it is the last part.
_PART, _LAST = b"\0", b"\1"
_NAME_BYTES, _PART_BYTES = 8, 1 << 16

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
        self._lock, self._whole = threading.Lock(), Whole()
        self._is_full, self._is_told = False, False
        self._thread = threading.Thread(target=self._receive, name="recorder", daemon=True)

    def __enter__(self) -> "Recorder":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.theirs.close()
        self._thread.join(_DRAIN_S)
        self._ours.shutdown(socket.SHUT_RDWR)  # should somebody hold the other end still
        self._thread.join()
        self._ours.close()
        try:
            self._file.close()
        except OSError as error:
            self._fail(self._unwritten(error))

    def hang_up(self) -> None:
        """Let go of the writers' end once the sandbox holds it; what is sent is received until its last holder ends."""
        self.theirs.close()

    def record(self, f: str, value: dict[str, Any], kind: OpType = "ok", error: str | None = None) -> Op:
        """A fact that the command itself knows."""
        op = Op(time.monotonic_ns(), HARNESS, kind, f, value, error)
        self.keep(op)
        return op

    def flush(self) -> None:
        """What was kept so far is in the file."""
        with self._lock, contextlib.suppress(OSError):  # a full disk is told by who writes next
            self._file.flush()

    def keep(self, op: Op) -> None:
        self._write(op.line().encode())
        for listener in self._listeners:
            listener(op)

    def _receive(self) -> None:
        parts = dict[bytes, bytes]()
        while datagram := self._ours.recv(_DATAGRAM_BYTES):
            line = _joined(datagram, parts)
            if line:
                self._hear(line)

    def _hear(self, line: bytes) -> None:
        """Whatever is wrong with one op or one listener, the others are heard, and the run is told once."""
        self._write(line)
        try:
            op = self._whole.of(Op.parse(line))
            for listener in self._listeners:
                listener(op)
        except Exception as error:
            self._fail(f"an op could not be heard: {error!r}: {line[:200]!r}")

    def _write(self, line: bytes) -> None:
        with self._lock:
            if self._is_full:
                return
            try:
                self._file.write(line + b"\n")
            except OSError as error:
                self._is_full = True
                self._fail(self._unwritten(error))

    def _unwritten(self, error: OSError) -> str:
        return f"{self._file.name}: {error.strerror}; what was recorded until then is kept"

    def _fail(self, reason: str) -> None:
        if not self._is_told:
            self._is_told = True
            self._failed(reason)


class Writer:
    """The writers' end inside the sandbox: one op is one datagram. Once the command is gone, nothing is written."""

    def __init__(self, history_fd: int) -> None:
        self._socket = socket.socket(fileno=history_fd)

    def send(self, op: Op) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for datagram in _split(op.line().encode()):
                self._socket.send(datagram)

    def close(self) -> None:
        self._socket.close()

    def fact(self, actor: str, f: str, value: dict[str, Any], kind: OpType = "ok", error: str | None = None) -> None:
        self.send(Op(time.monotonic_ns(), actor, kind, f, value, error))


def _split(line: bytes) -> Iterator[bytes]:
    if len(line) <= _PART_BYTES:
        yield line
        return
    name = os.urandom(_NAME_BYTES)
    for start in range(0, len(line), _PART_BYTES):
        is_last = start + _PART_BYTES >= len(line)
        yield _PART + name + (_LAST if is_last else _PART) + line[start : start + _PART_BYTES]


def _joined(datagram: bytes, parts: dict[bytes, bytes]) -> bytes:
    """The whole line; empty while parts of it are missing."""
    if not datagram.startswith(_PART):
        return datagram
    name, last, part = (
        datagram[1 : _NAME_BYTES + 1],
        datagram[_NAME_BYTES + 1 : _NAME_BYTES + 2],
        datagram[_NAME_BYTES + 2 :],
    )
    parts[name] = parts.get(name, b"") + part
    return parts.pop(name) if last == _LAST else b""
