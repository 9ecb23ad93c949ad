"""What a node says of itself, for the history: one op is one datagram on the socket that the harness handed in."""

import socket
import time
from collections import deque
from typing import Any

from harness.core.history import Op, OpType

_WAITING_MAX = 10_000


class Reporter:
    """Never blocks, never raises: while the socket is full ops wait for the next; a harness that is gone gets none."""

    def __init__(self, name: str, history_fd: int | None) -> None:
        self._name = name
        self._socket = None if history_fd is None else socket.socket(fileno=history_fd)
        self._waiting: deque[bytes] = deque(maxlen=_WAITING_MAX)

    def tell(self, f: str, value: dict[str, Any], type: OpType = "ok", error: str | None = None, id: int = 0) -> None:
        if self._socket:
            self._waiting.append(Op(time.monotonic_ns(), self._name, type, f, value, error, id).line().encode())
            self._send_all(self._socket)

    def close(self) -> None:
        if self._socket:
            self._socket.close()

    def _send_all(self, harness: socket.socket) -> None:
        while self._waiting:
            try:
                harness.send(self._waiting[0], socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:
                self._waiting.clear()
                return
            self._waiting.popleft()
