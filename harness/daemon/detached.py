"""
A process that outlives the command which starts it, but only once it is ready.

Until then it ends with the command, and hears its signals; from then on it has a session of its own, no death signal,
and no stream of the terminal's.
"""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from harness.cluster import linux

Ready = Callable[[Any], None]
_HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def detached(become: Callable[[Ready], int], log: Path) -> tuple[int, Any]:
    """
    Fork a process that does `become`, which calls what it is given once it is ready, with what to tell of that.

    In the command: the exit code (0 for one that lives on), and what was told, None where it ended before. From when
    it is ready, what the process says goes into `log`.
    """
    reader, writer = os.pipe()
    command = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _live(become, command, writer, log)
    os.close(writer)
    before = {number: signal.signal(number, _passing_on_to(pid)) for number in _HEARD}
    try:
        with os.fdopen(reader) as lines:
            said = lines.read()
        if said:
            return 0, json.loads(said)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), None
    finally:
        for number, heard in before.items():
            signal.signal(number, heard)


def _live(become: Callable[[Ready], int], command: int, writer: int, log: Path) -> None:
    """In the new process, which never returns; in a session of its own, so that a Ctrl-C reaches the command alone."""
    code = 255
    try:
        os.setsid()
        linux.die_with_parent()
        if os.getppid() == command:
            code = become(lambda told: _let_go(told, writer, log))
    finally:
        os._exit(code)


def _let_go(told: Any, writer: int, log: Path) -> None:
    linux.outlive_parent()
    nothing = os.open(os.devnull, os.O_RDONLY)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor, own in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(descriptor, own)
    for descriptor in (nothing, said):
        os.close(descriptor)
    os.write(writer, json.dumps(told).encode())
    os.close(writer)


def _passing_on_to(pid: int) -> Callable[[int, FrameType | None], None]:
    def pass_on(number: int, _: FrameType | None) -> None:
        os.kill(pid, number)

    return pass_on
