"""What a user sees of a run while it lasts, on a terminal."""

from typing import IO, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.core.plan import Plan
from harness.report.progress import Plain


class Display(Plain):
    """Below the lines of each phase the one that is going on, redrawn four times a second."""

    def __init__(self, plan: Plan, stderr: IO[str], verbose: bool = False) -> None:
        super().__init__(plan, stderr, verbose)
        self._console = Console(file=stderr, highlight=False, soft_wrap=True)
        self._display = Live(console=self._console, get_renderable=self._now, transient=True, redirect_stdout=False)

    def __enter__(self) -> Self:
        self._display.start()
        return self

    def close(self) -> None:
        self._display.stop()

    def _now(self) -> RenderableType:
        tally, phase = self._tally, self._tally.current
        if phase is None:
            return Group()
        elapsed_s = tally.elapsed_s()
        row = Table.grid(padding=(0, 1))
        cells: list[RenderableType] = [Text(f"  {phase:<8}"), Text(f"{elapsed_s:5.1f} s  ")]
        if phase == "run" and tally.planned_s:
            cells.append(ProgressBar(total=tally.planned_s, completed=min(elapsed_s, tally.planned_s), width=24))
        row.add_row(*cells)
        return Group(row, *(Padding(Text(line), (0, 0, 0, 11)) for line in tally.lines()))

    def _say(self, line: str, style: str = "") -> None:
        self._console.print(Text(line, style))
