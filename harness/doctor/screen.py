"""A checkup as people read it: what, whether, the fact, what follows, and under what is missing how it comes."""

from collections.abc import Iterator
from itertools import zip_longest
from textwrap import wrap

from rich.console import Group
from rich.text import Text

from harness.doctor.finding import FIRST_RUN, Checkup, Finding
from harness.report.drawing import drawn

_WIDTH, _LEAST = 100, 60
_STATE, _GAP = len("unknown"), 2


def screen(checkup: Checkup, width: int | None = None, colour: bool = False) -> str:
    """Of 60 to 100 columns, but for commands, which stay whole; the last line is the next step."""
    columns = max(_LEAST, min(width or _WIDTH, _WIDTH))
    lines = [line for found in checkup.findings for line in _lines(checkup, found, columns)]
    return drawn(Group(*lines, _last(checkup)), None, colour)


def _lines(checkup: Checkup, found: Finding, columns: int) -> Iterator[Text]:
    name = max(len(each.name) for each in checkup.findings)
    before = 2 + name + _GAP + _STATE + _GAP
    fact = (columns - before - _GAP) // 2
    facts, consequences = wrap(found.fact, fact), wrap(found.consequence, columns - before - fact - _GAP)
    if not consequences:
        facts = wrap(found.fact, columns - before)
    first = Text(f"  {found.name:<{name}}  ").append(f"{found.state:<{_STATE + _GAP}}", _style(found))
    for left, right in zip_longest(facts, consequences, fillvalue=""):
        yield (first or Text(" " * before)).append(f"{left:<{fact + _GAP}}{right}")
        first = Text()
    if found.state != "yes":
        for system, command in checkup.remedies(found).items():
            where = "" if checkup.system else f" on {system}"
            yield Text(f"{' ' * before}fix{where}: ").append(command, "cyan")


def _last(checkup: Checkup) -> Text:
    if checkup.missing:
        return Text(f"not ready: {', '.join(checkup.missing)}", "bold red")
    return Text("ready: ", "green").append(FIRST_RUN)


def _style(found: Finding) -> str:
    if found.state == "yes":
        return "green"
    return "yellow" if found.is_there or not found.is_needed else "bold red"
