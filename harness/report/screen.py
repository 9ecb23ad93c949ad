"""The result as people read it, in plain text or in colours: a pure function of the result."""

import io

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.checks.verdict import counted
from harness.report.result import FaultRow, InvariantRow, Result

_COLOURS = {"valid": "green", "violated": "bold red", "unknown": "yellow", "proven": "", "absent": "yellow"}
_NEVER_WRAP = 10_000
_SHOWN = 3


def screen(result: Result, width: int | None = None, colour: bool = False) -> str:
    """The table of a run, its violations, and one last line that sums it up; `width` in columns, None for any."""
    parts = [_faults(result)] if result.faults else []
    parts.append(_invariants(result))
    parts += [_violations(row) for row in result.invariants if row.outcome == "violated"]
    if result.left_behind:
        parts.append(_indented([Text("left behind", "bold"), *(Text(f"  {text}") for text in result.left_behind)]))
    blank = Text("")
    spaced = [piece for part in parts for piece in (part, blank)]
    return _drawn(Group(*spaced, _last_line(result)), width, colour)


def summary(result: Result) -> str:
    """`valid   11 invariants (5 not judged: ...), 2496 operations, 2 faults   runs/...`"""
    return f"{result.outcome:<10} {', '.join(_summed_up(result))}   {result.run_dir}"


def _summed_up(result: Result) -> list[str]:
    of = {outcome: [row.name for row in result.invariants if row.outcome == outcome] for outcome in _COLOURS}
    judged = len(result.invariants)
    told = [f"{len(names)} {outcome}" for outcome, names in of.items() if names and outcome != "valid"]
    what = counted(judged, "invariant") + (f": {', '.join(told)}" if told else "")
    reasons = list(dict.fromkeys(row["reason"] for row in result.not_judged))
    if reasons:
        what += (
            f" ({len(result.not_judged)} not judged: {'; '.join(reasons[:_SHOWN])}{'...' if reasons[_SHOWN:] else ''})"
        )
    operations = sum(sum(count.values()) for count in result.ops.values())
    parts = [what, counted(operations, "operation"), counted(len(result.faults), "fault"), f"{result.wall_s:.1f} s"]
    return parts if result.as_expected == (result.outcome == "valid") else [*parts, _expectation(result)]


def _expectation(result: Result) -> str:
    return "as the scenario expects" if result.as_expected else "not what the scenario expects"


def _last_line(result: Result) -> Text:
    text = Text(summary(result))
    text.stylize(_COLOURS[result.outcome], 0, len(result.outcome))
    return text


def _faults(result: Result) -> RenderableType:
    table = _table("fault", "at", "effect", "heal")
    for row in result.faults:
        at = "" if row.at_s is None else f"{row.at_s:.1f} s"
        table.add_row(row.text, at, *(_proof(*proof) for proof in _proofs(row)))
        if row.detail and "absent" in (row.effect, row.heal):
            table.add_row(Text(f"  {row.detail}", "yellow"))
    return Padding(table, (0, 0, 0, 2))


def _proofs(row: FaultRow) -> tuple[tuple[str, float], tuple[str, float]]:
    return (row.effect, row.effect_after_s), (row.heal, row.heal_after_s)


def _proof(outcome: str, after_s: float) -> Text:
    took = f" in {after_s:.2f} s" if outcome == "proven" else ""
    return Text(outcome + took, _COLOURS.get(outcome, "dim"))


def _invariants(result: Result) -> RenderableType:
    table = _table("invariant", "outcome", "examined")
    for row in result.invariants:
        why = f"{row.summary}; {row.missing}" if row.summary and row.missing else row.summary or row.missing
        table.add_row(row.name, Text(row.outcome, _COLOURS[row.outcome]), why)
    return Padding(table, (0, 0, 0, 2))


def _violations(row: InvariantRow) -> RenderableType:
    lines = [Text.assemble(("violated", _COLOURS["violated"]), f"   {row.name}")]
    for violation in row.violations[:_SHOWN]:
        lines += [Text(f"  {violation['text']}")]
        lines += [Text(f"    {_op(op)}", "dim", no_wrap=True, overflow="ellipsis") for op in violation["ops"]]
    hidden = len(row.violations) - _SHOWN
    if hidden > 0:
        lines.append(Text(f"  and {hidden} more, in result.json"))
    return _indented(lines)


def _op(op: dict[str, object]) -> str:
    value = op["value"]
    pairs = value.items() if isinstance(value, dict) else ()
    told = " ".join(f"{name}={_short(thing)}" for name, thing in pairs)
    error = f" ({op['error']})" if op.get("error") else ""
    return f"{op['at_s']:>8.2f} s  {op['actor']:<10} {op['f']} {op['type']}{error}  {told}"


def _short(thing: object) -> str:
    text = " ".join(thing) if isinstance(thing, dict) else str(thing)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for heading in headings:
        table.add_column(heading)
    return table


def _indented(lines: list[Text]) -> RenderableType:
    return Padding(Group(*lines), (0, 0, 0, 2))


def _drawn(what: RenderableType, width: int | None, colour: bool) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=width or _NEVER_WRAP,
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    console.print(what)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())
