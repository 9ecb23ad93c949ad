"""A soak as people read it once it is over: a pure function of its summary, but for where the text is cut."""

import shlex
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.checks.verdict import counted
from harness.report.drawing import COLOURS, drawn, table_of
from harness.report.soak import (
    ENDINGS,
    Differing,
    Ended,
    Margin,
    ScenarioRow,
    Summary,
    differing,
    scenario_rows,
    worst_margins,
)
from harness.report.wording import long_span_text, room_text, span_text

_MARGINS, _FAILURES, _SEEDS = 10, 20, 8
_NEAR = 0.8
_TOLD_BYTES = 1_000_000_000


def screen(summary: Summary, width: int | None = None, colour: bool = False) -> str:
    """The tables of a soak, each failure with the command that repeats it, and one last line that sums it up."""
    rows, margins, differ = scenario_rows(summary.ended), worst_margins(summary.ended), differing(summary.ended)
    parts = [_scenarios(rows), _times(rows)] if rows else []
    parts += [_margins(margins)] if margins else []
    parts += [_differing(differ)] if differ else []
    parts += [_failures(summary.failures)] if summary.failures else []
    spaced = [piece for part in parts for piece in (Padding(part, (0, 0, 0, 2)), Text(""))]
    return drawn(Group(*spaced, _last_line(summary)), width, colour)


def brief(summary: Summary) -> str:
    """A line for each scenario: `as expected   partition   20 of 20`."""
    rows = scenario_rows(summary.ended)
    name_width = max((len(row.scenario) for row in rows), default=0)
    return "\n".join(f"{row.scenario:<{name_width}}   {_share(row)} as expected   {_told(row)}" for row in rows)


def ending_words(one: Ended) -> str:
    """`violated`, `violated as expected`, `valid unexpectedly`: nothing is added to what the outcome alone says."""
    if one.ending == "valid":
        return "valid unexpectedly" if one.is_failure else "valid"
    return f"{one.ending} as expected" if one.is_as_expected else one.ending


def ending_text(one: Ended) -> Text:
    """Coloured as a failure only where it is one."""
    colour = COLOURS["failed"] if one.ending == "valid" and one.is_failure else COLOURS.get(one.ending, "dim")
    return Text(ending_words(one), "dim" if one.is_as_expected and one.ending != "valid" else colour)


def failure_text(one: Ended, indent: int, has_why: bool = True) -> RenderableType:
    """Why it is one, the command that repeats it, and where its evidence is."""
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, lines in (("why", one.why if has_why else ()), ("repeat", (one.repeat,)), ("folder", _folder(one))):
        for number, line in enumerate(lines):
            grid.add_row("" if number else name, Text(line))
    return Padding(grid, (0, 0, 0, indent))


def _folder(one: Ended) -> tuple[str, ...]:
    return (shlex.quote(one.run_dir),) if one.run_dir else ()


def _scenarios(rows: list[ScenarioRow]) -> RenderableType:
    """Of what no run came to there is no column, but for valid."""
    shown = [ending for ending in ENDINGS if ending == "valid" or any(row.endings[ending] for row in rows)]
    table = table_of("scenario", "expected", *shown, wraps="scenario", numbers=("expected", *shown), gap=2)
    for row in rows:
        endings = [Text(str(row.endings[each]), COLOURS[each] if row.endings[each] else "dim") for each in shown]
        table.add_row(row.scenario, _share(row), *endings)
    return table


def _times(rows: list[ScenarioRow]) -> RenderableType:
    numbers = ("run, median", "longest", "start, median", "longest")
    table = table_of("time", *numbers, wraps="time", numbers=numbers, gap=2)
    for row in rows:
        figures_s = row.wall_median_s, row.wall_max_s, row.start_median_s, row.start_max_s
        table.add_row(row.scenario, *("" if each_s is None else span_text(each_s) for each_s in figures_s))
    return table


def _share(row: ScenarioRow) -> str:
    return f"{row.as_expected} of {row.runs}"


def _told(row: ScenarioRow) -> str:
    return ", ".join(f"{number} {ending}" for ending, number in row.endings.items() if number)


def _margins(margins: list[Margin]) -> RenderableType:
    """The nearest first; those far from their bound say least, and are left to the JSON when there are many."""
    table = table_of(
        "nearest to its bound", "scenario", "took", "seed", wraps="scenario", numbers=("took", "seed"), gap=2
    )
    for one in margins[:_MARGINS]:
        took = Text(f"{one.share:.0%} of {one.allowed_s:.2f} s", COLOURS["unknown"] if one.share >= _NEAR else "")
        table.add_row(one.invariant, one.scenario, took, str(one.seed))
    return _cut(table, len(margins) - _MARGINS)


def _differing(rows: list[Differing]) -> RenderableType:
    """The most frequent outcome by its number, the others by their seeds."""
    table = table_of("differs between seeds", "scenario", "outcomes", wraps="outcomes", gap=2)
    for row in rows:
        most, *others = sorted(row.seeds, key=lambda outcome: -len(row.seeds[outcome]))
        told = [f"{most} {len(row.seeds[most])} times", *(f"{each} {_seeds(row.seeds[each])}" for each in others)]
        table.add_row(row.invariant, row.scenario, "; ".join(told))
    return table


def _seeds(seeds: list[int]) -> str:
    more = f" and {len(seeds) - _SEEDS} more" if len(seeds) > _SEEDS else ""
    return f"with {'seed' if len(seeds) == 1 else 'seeds'} {' '.join(map(str, seeds[:_SEEDS]))}{more}"


def _failures(failures: list[Ended]) -> RenderableType:
    """Why is told of the first of its kind."""
    pieces: list[RenderableType] = []
    told = set[tuple[str, ...]]()
    for one in failures[:_FAILURES]:
        words = [f"   {one.scenario}", f"seed {one.seed}", *([", ".join(one.blamed)] if one.kind in told else [])]
        pieces += [Text.assemble(ending_text(one), "   ".join(words)), failure_text(one, 2, one.kind not in told)]
        told.add(one.kind)
    return _cut(Group(*pieces), len(failures) - _FAILURES)


def _cut(shown: RenderableType, hidden: int) -> RenderableType:
    return Group(shown, Text(f"and {hidden} more, with --json")) if hidden > 0 else shown


def _last_line(summary: Summary) -> Text:
    return Text("   ".join(_summed_up(summary)), "" if summary.exit_code == 0 else "bold")


def _summed_up(summary: Summary) -> Iterable[str]:
    ended = [one for one in summary.ended if one.ending != "cut short"]
    yield f"{counted(len(ended), 'run')}, {sum(one.is_as_expected for one in ended)} as expected"
    if summary.is_interrupted:
        yield f"interrupted: {len(summary.cut_short)} cut short, {summary.left_out} not begun"
    yield f"{long_span_text(summary.wall_s)}, {summary.at_once} at once"
    if summary.disk_bytes > _TOLD_BYTES:
        yield f"{room_text(summary.disk_bytes)} of folders"
    yield f"exit {summary.exit_code}"
