"""The other end of a `Remote`: answers its JSON lines, one at a time and at once."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from harness.errors import HarnessError

DESCRIPTORS_MAX = 200
"""With one question; the kernel takes 253 (SCM_MAX_FD)."""


class Server:
    """`word` finds what does a word; call the server whenever there is something to read."""

    def __init__(self, line: socket.socket, word: Callable[[str], Callable[..., Any]]) -> None:
        self._line, self._word, self._unread = line, word, b""
        self._descriptors = list[int]()

    def __call__(self) -> bool:
        """False once the other end has hung up."""
        data, descriptors, *_ = socket.recv_fds(self._line, 1 << 20, DESCRIPTORS_MAX)
        self._descriptors += descriptors
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._say(self._answer(json.loads(line)))
        return bool(data)

    @contextmanager
    def sent_along(self) -> Iterator[list[int]]:
        """The descriptors that came with a question; they are closed when it is answered."""
        descriptors, self._descriptors = self._descriptors, []
        try:
            yield descriptors
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def fail(self, reason: str) -> None:
        """The last word: what makes going on impossible."""
        self._say({"failed": reason})

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"id": request["id"], "answer": self._word(request["do"])(**request["with"])}
        except (OSError, KeyError, HarnessError) as error:
            return {"id": request["id"], "error": f"{request['do']}: {error}"}

    def _say(self, message: dict[str, Any]) -> None:
        self._line.sendall(json.dumps(message).encode() + b"\n")
