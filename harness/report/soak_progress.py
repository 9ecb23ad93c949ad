"""
What a user sees of a soak while it lasts, on stderr.

`Quiet` shows nothing, `Plain` a line for each run that ended, `Display` (a terminal) the count and what is running now.
Failures are told at once, with the command that repeats them.
"""

import time
from collections import Counter
from collections.abc import Sequence
from statistics import median
from types import TracebackType
from typing import IO, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.checks.verdict import counted
from harness.report.drawing import drawn
from harness.report.lasting import lasting
from harness.report.soak import Ended, Task
from harness.report.soak_screen import ending_text, ending_words, failure_text
from harness.report.wording import long_span_text

_ENDING_WIDTH = len("cut short")
_OVERDUE = 0.1
_SILENT_S = 10.0


class Progress(Protocol):
    """A context; all is called from one thread."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def begun(self, task: Task) -> None: ...
    def ended(self, task: Task, one: Ended) -> None: ...
    def tick(self) -> None:
        """Some time has passed, a second or so, whatever has happened."""
        ...

    def stopping(self, running: int) -> None:
        """The user wants an end: so many runs are being stopped."""
        ...


class Quiet:
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def begun(self, task: Task) -> None:
        pass

    def ended(self, task: Task, one: Ended) -> None:
        pass

    def tick(self) -> None:
        pass

    def stopping(self, running: int) -> None:
        pass


class Plain(Quiet):
    """A line for each run that ended, as a log wants it; where none has for ten seconds, how far the soak is."""

    def __init__(self, tasks: Sequence[Task], at_once: int, stderr: IO[str], silent_s: float = _SILENT_S) -> None:
        self._silent_s, self._told_s = silent_s, time.monotonic()
        self._console = Console(file=stderr, highlight=False, soft_wrap=not stderr.isatty(), markup=False, emoji=False)
        self._tally = Tally(tasks, at_once)

    def begun(self, task: Task) -> None:
        self._tally.begun(task, time.monotonic())

    def ended(self, task: Task, one: Ended) -> None:
        self._tally.ended(task, one)
        self._say(task, one)

    def tick(self) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= self._silent_s:
            self._told_s = now_s
            self._console.print(Text(self._tally.standing(now_s)))

    def stopping(self, running: int) -> None:
        self._tally.stopping()
        self._console.print(
            Text(f"  stopping {counted(running, 'run')}, beginning no more; Ctrl-C again kills", "yellow")
        )

    def _say(self, task: Task, one: Ended) -> None:
        parts = [self._tally.line(one), *([failure_text(one, 4)] if one.is_failure else [])]
        is_terminal = self._console.is_terminal
        text = drawn(Group(*parts), self._console.width if is_terminal else None, is_terminal)
        self._console.print(Text.from_ansi(text))
        self._told_s = time.monotonic()


class Display(Plain):
    """On a terminal: failures as lines (with `verbose` all runs), and below them how far it is, four times a second."""

    def __init__(self, tasks: Sequence[Task], at_once: int, stderr: IO[str], verbose: bool = False) -> None:
        super().__init__(tasks, at_once, stderr)
        self._verbose = verbose
        self._display = Live(console=self._console, get_renderable=self._now, transient=True, redirect_stdout=False)

    def __enter__(self) -> Self:
        self._display.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.stop()

    def tick(self) -> None:
        """It is redrawn by itself."""

    def _say(self, task: Task, one: Ended) -> None:
        if self._verbose or one.is_failure:
            super()._say(task, one)

    def _now(self) -> RenderableType:
        tally, now_s = self._tally, time.monotonic()
        row = Table.grid(padding=(0, 2))
        colour = "red" if tally.has_failures else "green"
        bar = ProgressBar(tally.total, tally.done, width=20, complete_style=colour, finished_style=colour)
        row.add_row(f"  {tally.done} of {tally.total}", bar, f"{long_span_text(tally.left_s(now_s))} left")
        endings = [Padding(Text(tally.endings()), (0, 0, 0, 4))] if tally.done else []
        return Group(row, *endings, *(Padding(Text(line, "dim"), (0, 0, 0, 4)) for line in tally.running(now_s)))


class Tally:
    """How far a soak is; times are of one clock, in seconds."""

    def __init__(self, tasks: Sequence[Task], at_once: int) -> None:
        self._at_once = at_once
        self._planned_s = {task.scenario: task.lasts_s for task in tasks}
        self._is_stopping = False
        self._waiting = Counter(task.scenario for task in tasks)
        self._running: dict[Task, float] = {}
        self._walls_s: dict[str, list[float]] = {scenario: [] for scenario in self._planned_s}
        self._endings: Counter[str] = Counter()
        self.total = len(tasks)
        self.done = 0
        self.has_failures = False

    def begun(self, task: Task, now_s: float) -> None:
        self._waiting[task.scenario] -= 1
        self._running[task] = now_s

    def ended(self, task: Task, one: Ended) -> None:
        """Its like are expected to last as long from now on, and not as their plan says."""
        self._running.pop(task)
        self.done += 1
        self.has_failures |= one.is_failure
        self._endings[ending_words(one)] += 1
        if one.ending not in ("failed", "cut short"):
            self._walls_s[task.scenario].append(one.wall_s)

    def stopping(self) -> None:
        """No more are begun, and what runs will not last as long as it should."""
        self._waiting.clear()
        self._is_stopping = True

    def left_s(self, now_s: float) -> float:
        """
        What is left of all runs, divided by how many go on at once; no less than the longest of them needs. One that is
        overdue is expected to take as much longer as a share of what it took.
        """
        if self._is_stopping:
            return 0.0
        lasts_s, of = self._expected_s(now_s), self._running.items()
        running = [
            max((now_s - began_s) * _OVERDUE, lasts_s[task.scenario] - (now_s - began_s)) for task, began_s in of
        ]
        waiting = sum(lasts_s[scenario] * number for scenario, number in self._waiting.items())
        longest = max((lasts_s[scenario] for scenario, number in self._waiting.items() if number), default=0.0)
        return max((sum(running) + waiting) / self._at_once, longest, *running, 0.0)

    def _expected_s(self, now_s: float) -> dict[str, float]:
        """How long a run of each scenario takes: as those before it; where there is none, its plan times `_stretch`."""
        stretch = self._stretch(now_s)
        return {
            scenario: median(walls_s) if walls_s else self._planned_s[scenario] * stretch
            for scenario, walls_s in self._walls_s.items()
        }

    def _stretch(self, now_s: float) -> float:
        """How many times as long as planned runs take: those that ended, else the one that runs and is most overdue."""
        ended = [
            wall_s / self._planned_s[scenario] for scenario, walls_s in self._walls_s.items() for wall_s in walls_s
        ]
        running = [(now_s - began_s) / self._planned_s[task.scenario] for task, began_s in self._running.items()]
        return max(1.0, median(ended) if ended else max(running, default=1.0))

    def endings(self) -> str:
        """`14 valid, 2 violated as expected, 1 unknown`: the most frequent first."""
        return ", ".join(f"{number} {ending}" for ending, number in self._endings.most_common())

    def standing(self, now_s: float) -> str:
        """`  17 of 40   4 running   4 min 12 s left`"""
        left = long_span_text(self.left_s(now_s))
        return f"  {self.done:>{len(str(self.total))}} of {self.total}   {len(self._running)} running   {left} left"

    def running(self, now_s: float) -> list[str]:
        """`partition   seed 17      4 s`: a line for each run that goes on."""
        width = max((len(task.scenario) for task in self._running), default=0)
        return [
            f"{task.scenario:<{width}}   seed {task.seed:<8} {now_s - began_s:3.0f} s"
            for task, began_s in self._running.items()
        ]

    def line(self, one: Ended) -> Text:
        """`  17 of 40   violated    partition   seed 18     13.4 s`"""
        done = f"  {self.done:>{len(str(self.total))}} of {self.total}   "
        ending = ending_text(one)
        ending.pad_right(max(0, _ENDING_WIDTH - len(ending)))
        name = f"{one.scenario:<{max(map(len, self._planned_s))}}"
        return Text.assemble(done, ending, f"   {name}   seed {one.seed:<5}  {one.wall_s:5.1f} s")


def progress_for(
    tasks: Sequence[Task], at_once: int, stderr: IO[str], *, quiet: bool = False, verbose: bool = False
) -> Progress:
    """What suits: nothing when quiet, a live display on a terminal, else a line for each run."""
    if quiet:
        return Quiet()
    stderr = lasting(stderr)
    return Display(tasks, at_once, stderr, verbose) if stderr.isatty() else Plain(tasks, at_once, stderr)
