"""Answers whoever asks a daemon over its socket, each in a thread of their own."""

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from harness.errors import HarnessError, InputError

_LINE_BYTES = 1 << 20
_LAST_WORDS_S, _NO_ROOM_S = 5.0, 0.1


@dataclass(frozen=True)
class Handed:
    """An answer with descriptors; they are closed once they are sent."""

    answer: Any
    descriptors: list[int]


class Server:
    """A context, which on leaving waits for the answers that are under way; `word` finds what does a word."""

    def __init__(self, path: str, word: Callable[[str], Callable[..., Any]]) -> None:
        self._word = word
        self._is_over = threading.Event()
        self._threads = list[threading.Thread]()
        self._accepting = threading.Thread(target=self._accept, name="server", daemon=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(64)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for thread in self._threads:
            thread.join(_LAST_WORDS_S)

    def _accept(self) -> None:
        """Until it is over; where there is no room for one more, others are let go first."""
        while not self._is_over.is_set():
            try:
                line, _ = self._listener.accept()
            except OSError:
                self._is_over.wait(_NO_ROOM_S)
                continue
            thread = threading.Thread(target=self._serve, args=(line,), name="answer", daemon=True)
            self._threads = [*(one for one in self._threads if one.is_alive()), thread]
            thread.start()

    def _serve(self, line: socket.socket) -> None:
        """Whoever asks and does not wait for the answer has what they asked for done all the same."""
        line.settimeout(_LAST_WORDS_S)
        with line, suppress(OSError), line.makefile("rb") as lines:
            asked = lines.readline(_LINE_BYTES)
            reply = self._reply(asked)
            handed = reply.pop("handed", [])
            try:
                data = json.dumps(reply).encode() + b"\n"
                sent = socket.send_fds(line, [data], handed) if handed else 0
                line.sendall(data[sent:])
            finally:
                for descriptor in handed:
                    socket.close(descriptor)

    def _reply(self, asked: bytes) -> dict[str, Any]:
        try:
            request = json.loads(asked)
            answer = self._word(request.pop("do"))(**request)
        except HarnessError as error:
            return {"error": str(error), "is_input": isinstance(error, InputError)}
        except Exception as error:  # whatever it is: who asked is told, and the cluster goes on
            return {"error": f"the daemon failed: {type(error).__name__}: {error}", "is_input": False}
        if isinstance(answer, Handed):
            return {"answer": answer.answer, "handed": answer.descriptors}
        return {"answer": answer}
