"""Many runs, some at once: each a process of its own, so that none can harm another or the soak."""

import asyncio
import hashlib
import os
import shutil
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from harness.core.plan import Plan
from harness.errors import ClusterError, HarnessError, InputError
from harness.report.result import Result
from harness.report.run_dir import RunDir
from harness.report.soak import Ended, Task
from harness.report.soak_progress import Progress

_WITH_RESULT, _INTERRUPTED, _WRONG_INPUT, _FAILED = (0, 1, 2), 130, 254, 255
_KEPT = "kept so far: "
_BLOCK, _SHOWN = 512, 80
_TICK_S = 1.0


def digest(plan: Plan) -> str:
    """Equal for equal plans only."""
    return hashlib.sha256(plan.to_json().encode()).hexdigest()


class Soak:
    """
    Carries out `tasks` in their order, at most `at_once` of them side by side, each when the machine has room for it
    where the soak `waits_for_room`. SIGINT, SIGTERM and SIGHUP end it early: what runs is interrupted and cleans up
    after itself; a second one kills it, and the kernel takes what it held.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        at_once: int,
        progress: Progress,
        *,
        keep_all: bool = True,
        verbose: bool = False,
        waits_for_room: bool = False,
    ) -> None:
        self._tasks, self._waiting = tasks, deque(tasks)
        self._at_once, self._progress = at_once, progress
        self._keep_all = keep_all
        self._options = ["--json", "-q", *["-v"] * verbose, *["--wait-for-room"] * waits_for_room]
        self._running = set[Process]()
        self._ended: dict[Task, Ended] = {}
        self.is_stopping = False
        self.disk_bytes = 0

    def run(self) -> list[Ended]:
        """The runs that began, in the order of their tasks."""
        with self._progress:
            asyncio.run(self._all())
        return [self._ended[task] for task in self._tasks if task in self._ended]

    async def _all(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop)
        self._tick(loop)
        async with asyncio.TaskGroup() as lanes:
            for _ in range(self._at_once):
                lanes.create_task(self._lane())
        self._next_tick.cancel()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._progress.tick()
        self._next_tick = loop.call_later(_TICK_S, self._tick, loop)

    def _stop(self) -> None:
        number = signal.SIGKILL if self.is_stopping else signal.SIGINT
        if not self.is_stopping:
            self.is_stopping = True
            self._progress.stopping(len(self._running))
        for process in self._running:
            _send(process, number)

    async def _lane(self) -> None:
        while self._waiting and not self.is_stopping:
            task = self._waiting.popleft()
            self._progress.begun(task)
            began_s = time.monotonic()
            try:
                code, out, err = await self._carried_out(task)
            except OSError as error:
                code, out, err = _FAILED, [], [f"the run could not be started: {error.strerror}"]
            self._ended[task] = ended = self._told(task, code, out, err, time.monotonic() - began_s)
            self._progress.ended(task, ended)

    async def _carried_out(self, task: Task) -> tuple[int, list[str], list[str]]:
        """Its exit code, negative for a signal, and the lines of stdout and stderr."""
        words = [*task.words[1:], *self._options]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "harness.cli.soaked", str(os.getpid()), *words),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
        )
        self._running.add(process)
        if self.is_stopping:
            _send(process, signal.SIGINT)
        try:
            out, err = await process.communicate()
        except BaseException:
            _send(process, signal.SIGKILL)
            raise
        finally:
            self._running.discard(process)
        return (
            await process.wait(),
            out.decode(errors="replace").splitlines(),
            err.decode(errors="replace").splitlines(),
        )

    def _told(self, task: Task, code: int, out: list[str], err: list[str], wall_s: float) -> Ended:
        said = tuple(line for line in err if not line.endswith(f"repeat: {task.repeat}"))
        if code in _WITH_RESULT and out:
            try:
                return Ended.with_result(task, self._result(task, out[-1]), wall_s)
            except (HarnessError, OSError) as error:
                code, said = _FAILED, (*said, str(error))
        elif self.is_stopping:
            kept = said if self._keep_all or code != _INTERRUPTED else tuple(_without_folder(said))
            return Ended.without_result(task, "cut short", _INTERRUPTED, wall_s, kept)
        elif code < 0:
            code, said = _FAILED, (*said, f"the run was ended by {signal.Signals(-code).name}")
        return Ended.without_result(task, "failed", max(code, _WRONG_INPUT), wall_s, said)

    def _result(self, task: Task, line: str) -> Result:
        """Raises ClusterError when it is no result, InputError when it is not that of this task's plan."""
        try:
            result = Result.from_json(line)
        except (ValueError, KeyError, TypeError) as error:
            raise ClusterError(f"what the run said is no result: {line[:_SHOWN]!r}") from error
        folder = Path(result.run_dir)
        if digest(RunDir.open(folder).read_plan()) != task.plan:
            raise InputError(f"{folder} has another plan: the scenario was changed while the soak went on")
        if self._keep_all or not result.as_expected:
            self.disk_bytes += sum(path.lstat().st_blocks * _BLOCK for path in folder.rglob("*"))
        else:
            shutil.rmtree(folder)
        return result


def _without_folder(said: Iterable[str]) -> Iterator[str]:
    """What a run said that was cut short, but for where its folder is: that goes."""
    for line in said:
        if line.startswith(_KEPT):
            shutil.rmtree(line.removeprefix(_KEPT), ignore_errors=True)
        else:
            yield line


def _send(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has ended by itself
        process.send_signal(number)
