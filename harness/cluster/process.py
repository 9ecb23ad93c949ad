"""Processes of the sandbox: started into a network namespace, signalled by pidfd, known by pid and create time."""

import contextlib
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from harness.cluster import linux

_TAIL_LINES = 5
_TAIL_BYTES = 4096


@dataclass
class Process:
    """
    One incarnation of a node. `status` is None while it runs, negative for a signal.

    `pidfd` becomes readable when it ends, and is -1 where it had ended before anybody could look.
    """

    name: str
    pid: int
    incarnation: int
    log: Path
    asked: bool = False
    status: int | None = None
    started_s: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.pidfd, self.create_time_s = -1, 0.0
        self._truth: psutil.Process | None = None
        with contextlib.suppress(OSError, psutil.NoSuchProcess):  # gone already; its end will be told
            self.pidfd = os.pidfd_open(self.pid)
            self._truth = psutil.Process(self.pid)
            self.create_time_s = self._truth.create_time()

    @property
    def is_running(self) -> bool:
        return self.status is None

    @property
    def is_paused(self) -> bool:
        try:
            return self.is_running and self._truth is not None and self._truth.status() == psutil.STATUS_STOPPED
        except psutil.NoSuchProcess:
            return False

    def signal(self, name: str) -> None:
        """Send SIG`name`; a process that is gone is left alone."""
        self.asked |= name in ("TERM", "KILL")
        if self.is_running and self.pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):  # reaped, and about to be told
                signal.pidfd_send_signal(self.pidfd, signal.Signals[f"SIG{name}"])

    def ended(self, status: int) -> None:
        self.status = status
        if self.pidfd >= 0:
            os.close(self.pidfd)

    def metrics(self) -> dict[str, Any]:
        """CPU seconds, memory and handles right now; empty when it is gone, or so nearly that a user may not look."""
        if self._truth is None:
            return {}
        try:
            with self._truth.oneshot():
                cpu, memory = self._truth.cpu_times(), self._truth.memory_info()
                counts = {"fds": self._truth.num_fds(), "threads": self._truth.num_threads()}
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return {}
        return {"cpu_s": round(cpu.user + cpu.system, 3), "rss_bytes": memory.rss, **counts}

    def epitaph(self) -> str:
        """What to tell somebody who did not expect it to end."""
        how = f"exited with {self.status}" if (self.status or 0) >= 0 else f"was ended by {_signal_name(self.status)}"
        lived = f"{self.name} {how} after {time.monotonic() - self.started_s:.1f} s"
        last = " | ".join(tail(self.log)) or "nothing"
        return f"{lived}; last lines of stderr: {last}; all of it in {self.log}"


def _signal_name(status: int | None) -> str:
    try:
        return signal.Signals(-(status or 0)).name
    except ValueError:
        return f"signal {-(status or 0)}"


def tail(log: Path) -> list[str]:
    """The last lines of a log, without blank ones."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip()][-_TAIL_LINES:]


@contextmanager
def gate() -> Iterator[int]:
    """A descriptor at which children wait (`pass_gate`) until the block is left: till then nothing of them happens."""
    reader, writer = os.pipe()
    try:
        yield reader
    finally:
        os.close(writer)
        os.close(reader)


def pass_gate(gate: int) -> None:
    os.read(gate, 1)
    os.close(gate)


def fork_into(network: int, log: Path, keep: set[int], become: Callable[[], int]) -> int:
    """
    Fork a child that lives in `network`, logs to `log`, keeps only the descriptors `keep`, and runs `become`.

    It dies with the calling thread. The child's pid; the child never returns.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        linux.die_with_parent()
        if os.getppid() != parent:
            os._exit(code)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(out, 1)
        os.dup2(out, 2)
        linux.enter_network(network)
        _close_all_but(keep | {0, 1, 2})
        _default_signals()
        code = become()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _close_all_but(keep: set[int]) -> None:
    for fd in [int(name) for name in os.listdir("/proc/self/fd")]:
        if fd not in keep:
            try:
                os.close(fd)
            except OSError:
                continue  # the listing's own descriptor


def _default_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
