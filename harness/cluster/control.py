"""The command's end of the line to a supervisor: JSON lines, asked from any thread."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from harness.cluster.ledger import MARK, Ledger
from harness.errors import ClusterError

_START_S = 20.0
_ANSWER_S = 60.0


class Control:
    """
    A sandbox with its supervisor, started; `ledger` knows what there is of it on this machine.

    Raises ClusterError when the kernel refuses the namespaces, and from every later call once the supervisor is gone.
    """

    def __init__(
        self, history: socket.socket, metrics: Path, log: Path, mark: str, gone: Callable[[str], None]
    ) -> None:
        """`gone` is called, with the reason, when the supervisor has ended."""
        self._ours, theirs = socket.socketpair()
        self._numbers, self._answers = count(1), dict[int, SimpleQueue[dict[str, Any]]]()
        self._lock = threading.Lock()
        self._gone, self._tell_gone = "", gone
        self._is_quitting = False
        self._lines = self._ours.makefile("rb")
        self._launcher = _launch(theirs, history, metrics, log, mark)
        theirs.close()
        try:
            self.ledger = Ledger(mark, self._first_word(log))
        except BaseException:
            self._abandon()
            raise
        self._thread = threading.Thread(target=self._listen, name="control", daemon=True)
        self._thread.start()

    def ask(self, do: str, **arguments: Any) -> Any:
        """The supervisor's answer. Raises ClusterError when it refuses, or is gone."""
        number, answer = next(self._numbers), SimpleQueue[dict[str, Any]]()
        with self._lock:
            if self._gone:
                raise ClusterError(self._gone)
            self._answers[number] = answer
            self._send({"id": number, "do": do, "with": arguments})
        try:
            reply = answer.get(timeout=_ANSWER_S)
        except Empty:
            raise ClusterError(f"the supervisor did not answer {do!r} within {_ANSWER_S:g} s") from None
        if "error" in reply:
            raise ClusterError(reply["error"])
        return reply["answer"]

    def quit(self) -> None:
        """End the supervisor, and with it all that runs in the sandbox; returns when it is gone."""
        self._is_quitting = True
        with contextlib.suppress(OSError):  # gone already
            self._ours.shutdown(socket.SHUT_WR)
        try:
            self._launcher.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._launcher.kill()
            self._launcher.wait()
        self._thread.join()
        self._lines.close()
        self._ours.close()

    def _first_word(self, log: Path) -> list[int]:
        """Descriptors of the sandbox' namespaces, sent along with it."""
        self._ours.settimeout(_START_S)
        try:
            said, namespaces, *_ = socket.recv_fds(self._ours, 1 << 16, 8)
        except TimeoutError:
            said, namespaces = b"", []
        self._ours.settimeout(None)
        word: dict[str, Any] = json.loads(said) if said else {"failed": f"no answer; {log} may say why"}
        if "failed" in word:
            raise ClusterError(f"no sandbox: {word['failed']}")
        return namespaces

    def _abandon(self) -> None:
        self._launcher.kill()
        self._launcher.wait()
        self._lines.close()
        self._ours.close()

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._ours.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise ClusterError("the supervisor is gone") from error

    def _listen(self) -> None:
        gone = "the supervisor ended unasked, and with it every process of the run"
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


def _launch(
    theirs: socket.socket, history: socket.socket, metrics: Path, log: Path, mark: str
) -> subprocess.Popen[bytes]:
    arguments = [str(os.getpid()), str(theirs.fileno()), str(history.fileno()), str(metrics)]
    environment = {**os.environ, MARK: mark}
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "harness.cluster.launcher", *arguments],
            pass_fds=(theirs.fileno(), history.fileno()),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=environment,
            start_new_session=True,
        )
