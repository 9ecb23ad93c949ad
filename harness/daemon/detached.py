"""
A process that outlives the command which starts it, but only once it is ready.

Until then it ends with the command, and hears its signals; from then on it has no death signal, and no stream of the
terminal's.
"""

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from harness.cluster import linux
from harness.errors import ClusterError

_HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Starter:
    """The command that waits for the process, as the process knows it."""

    def __init__(self, line: int) -> None:
        self._line = line

    def let_go(self, told: Any, log: Path) -> None:
        """The process is ready, and lives on, what it says from now on in `log`; the command hears what is `told`."""
        linux.outlive_parent()
        nothing = os.open(os.devnull, os.O_RDONLY)
        said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        for descriptor, own in ((nothing, 0), (said, 1), (said, 2)):
            os.dup2(descriptor, own)
        for descriptor in (nothing, said):
            os.close(descriptor)
        self._say(told, lives=True)

    def tell(self, told: Any) -> None:
        """The process is about to end; the command hears what is `told`."""
        self._say(told, lives=False)

    def _say(self, told: Any, *, lives: bool) -> None:
        with os.fdopen(self._line, "w") as line:
            json.dump({"told": told, "lives": lives}, line)


def detached(become: Callable[[Starter], int]) -> tuple[int | None, Any]:
    """
    Fork a process that does `become`. Its exit code, None for one that lives on; and what was told, None for nothing.

    Raises ClusterError where a signal ends it.
    """
    reader, writer = os.pipe()
    command = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)  # until it is known to whom they are passed on
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _live(become, command, Starter(writer))
    os.close(writer)
    before = {number: signal.signal(number, _passing_on_to(pid)) for number in _HEARD}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
    try:
        with os.fdopen(reader) as lines:
            said = json.loads(lines.read() or '{"told": null, "lives": false}')
        code = None if said["lives"] else os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code is not None and code < 0:
            raise ClusterError(f"the process that was to hold the cluster was ended by {signal.Signals(-code).name}")
    finally:
        for number, heard in before.items():
            signal.signal(number, heard)
    return code, said["told"]


def _live(become: Callable[[Starter], int], command: int, starter: Starter) -> None:
    """In the new process, which never returns; in a session of its own, so that a Ctrl-C reaches the command alone."""
    code = 255
    try:
        os.setsid()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        linux.die_with_parent()
        if os.getppid() == command:
            code = become(starter)
    finally:
        os._exit(code)


def _passing_on_to(pid: int) -> Callable[[int, FrameType | None], None]:
    def pass_on(number: int, _: FrameType | None) -> None:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.kill(pid, number)

    return pass_on
