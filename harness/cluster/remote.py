"""A program of ours in another process that is asked by JSON lines, from any thread."""

import contextlib
import json
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any

from harness.errors import ClusterError

_ANSWER_S = 60.0
_QUIT_S = 5.0


class Remote:
    """`name` is what it is called, `lost` what ended with it should it end unasked; `gone` is then told so."""

    def __init__(
        self, name: str, line: socket.socket, process: subprocess.Popen[bytes], lost: str, gone: Callable[[str], None]
    ) -> None:
        self._name, self._line, self._process, self._tell_gone = name, line, process, gone
        self._lost = f"the {name} ended unasked, and with it every {lost} of the run"
        self._numbers, self._answers = count(1), dict[int, SimpleQueue[dict[str, Any]]]()
        self._lock, self._gone, self._is_quitting = threading.Lock(), "", False
        self._lines = line.makefile("rb")
        self._thread = threading.Thread(target=self._listen, name=name, daemon=True)
        self._thread.start()

    def ask(self, do: str, *descriptors: int, **arguments: Any) -> Any:
        """Its answer; `descriptors` are sent along. Raises ClusterError when it refuses, or is gone."""
        number, answer = next(self._numbers), SimpleQueue[dict[str, Any]]()
        with self._lock:
            if self._gone:
                raise ClusterError(self._gone)
            self._answers[number] = answer
            self._send({"id": number, "do": do, "with": arguments}, descriptors)
        try:
            reply = answer.get(timeout=_ANSWER_S)
        except Empty:
            raise ClusterError(f"the {self._name} did not answer {do!r} within {_ANSWER_S:g} s") from None
        if "error" in reply:
            raise ClusterError(reply["error"])
        return reply["answer"]

    def dismiss(self) -> None:
        """Its end is no surprise from now on."""
        self._is_quitting = True

    def kill(self) -> None:
        """Its end with SIGKILL, and that of all it keeps where it is a supervisor; may be asked in a signal handler."""
        self.dismiss()
        self._process.kill()

    def quit(self, or_kill: bool = True) -> int | None:
        """
        Hang up, and wait for its end; one that does not end in 5 s is killed, or left to what it does.

        Its exit status; None for one that goes on.
        """
        self.dismiss()
        with contextlib.suppress(OSError):  # gone already
            self._line.shutdown(socket.SHUT_WR)
        try:
            self._process.wait(timeout=_QUIT_S)
        except subprocess.TimeoutExpired:
            if or_kill:
                self._process.kill()
                self._process.wait()
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RD)
        self._thread.join()
        self._lines.close()
        self._line.close()
        return self._process.returncode

    def _send(self, message: dict[str, Any], descriptors: Sequence[int]) -> None:
        data = json.dumps(message).encode() + b"\n"
        try:
            if descriptors:
                data = data[socket.send_fds(self._line, [data], descriptors) :]
            self._line.sendall(data)
        except OSError as error:
            raise ClusterError(f"the {self._name} is gone") from error

    def _listen(self) -> None:
        gone = self._lost
        try:
            for line in self._lines:
                message = json.loads(line)
                if "failed" in message:
                    gone = f"the run cannot go on: {message['failed']}"
                else:
                    self._answers.pop(message["id"]).put(message)
        except (ConnectionResetError, ValueError):
            pass  # it ended in the middle of an answer
        finally:
            self._end(gone)

    def _end(self, gone: str) -> None:
        with self._lock:
            self._gone = gone
            for answer in self._answers.values():
                answer.put({"error": gone})
        if not self._is_quitting:
            self._tell_gone(gone)
