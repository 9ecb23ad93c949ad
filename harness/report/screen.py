"""The result as people read it, in plain text or in colours: a pure function of the result."""

import shlex
from collections.abc import Collection, Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.checks.verdict import counted
from harness.report.course import FaultRow
from harness.report.drawing import COLOURS, drawn, table_of
from harness.report.result import InvariantRow, Result
from harness.report.wording import span_text

_SHOWN = 3


def screen(result: Result, width: int | None = None, colour: bool = False, repeat: str = "") -> str:
    """
    The tables of a run, its violations with the evidence, what to do next, and one last line that sums it up.

    `width` in columns, None for any; `repeat` is the command that carries out the same plan again.
    """
    parts = [_faults(result)] if result.faults else []
    parts.append(_invariants(result))
    parts += [_violations(row) for row in result.invariants if row.outcome == "violated"]
    if result.why:
        parts.append(_why(result))
    if result.left_behind:
        parts.append(_left_behind(result))
    if result.outcome != "valid" or not result.as_expected:
        parts.append(_next_steps(result, repeat))
    if not result.as_expected and standing(result):
        parts.append(Text(standing(result), "bold red"))
    blank = Text("")
    spaced = [piece for part in parts for piece in (part, blank)]
    return drawn(Group(*spaced, _last_line(result)), width, colour)


def failure(result: Result, repeat: str = "") -> str:
    """What of a run was not as it should be, with the evidence, and what to do next; nothing of what went well."""
    parts: list[RenderableType] = [Text(line(result)), *([_why(result)] if result.why else [])]
    for row in result.invariants:
        if row.outcome == "violated":
            parts.append(_violations(row))
        elif row.outcome == "unknown":
            parts.append(_indented([Text.assemble(("unknown", COLOURS["unknown"]), f"    {row.name}: {row.missing}")]))
    if result.left_behind:
        parts.append(_left_behind(result))
    return drawn(Group(*parts, _next_steps(result, repeat)), None, False)


def summary(result: Result) -> str:
    """`valid      11 invariants, 2496 operations, 2 faults, 13.4 s   runs/...`"""
    return f"{result.outcome:<10} {', '.join(_summed_up(result))}   {shlex.quote(result.run_dir)}"


def line(result: Result, name_width: int = 0) -> str:
    """`valid      restart   seed 7        13.4 s   runs/...`: a run in one line, alone or below others."""
    words = [f"{result.scenario:<{name_width}}", f"seed {result.seed:<6}", f"{result.wall_s:>6.1f} s"]
    return f"{result.outcome:<10} {'   '.join([*words, shlex.quote(result.run_dir), standing(result)])}".rstrip()


def standing(result: Result) -> str:
    """`expected violated: one-owner; got valid`, or `as expected`; empty where the outcome alone says it."""
    expected, broken = result.expected, [row.name for row in result.invariants if row.outcome == "violated"]
    if result.as_expected or expected.outcome == "valid":
        return "as expected" if result.as_expected and result.outcome != "valid" else ""
    return f"expected {_named(expected.outcome, expected.violated)}; got {_named(result.outcome, broken)}"


def _named(outcome: str, names: Collection[str]) -> str:
    return f"{outcome}: {', '.join(names)}" if names else outcome


def _summed_up(result: Result) -> list[str]:
    of = {outcome: sum(row.outcome == outcome for row in result.invariants) for outcome in ("violated", "unknown")}
    told = [f"{number} {outcome}" for outcome, number in of.items() if number]
    what = counted(len(result.invariants), "invariant") + (f" ({', '.join(told)})" if told else "")
    operations = sum(sum(count.values()) for count in result.ops.values())
    parts = [what, counted(operations, "operation"), counted(len(result.faults), "fault"), f"{result.wall_s:.1f} s"]
    return [*parts, standing(result)] if result.as_expected and standing(result) else parts


def _last_line(result: Result) -> Text:
    text = Text(summary(result))
    text.stylize(COLOURS[result.outcome], 0, len(result.outcome))
    return text


def _faults(result: Result) -> RenderableType:
    table = table_of("fault", "at", "effect", "heal", wraps="fault")
    for row in result.faults:
        at = "" if row.at_s is None else f"{row.at_s:z.1f} s"
        table.add_row(row.text, at, *(_proof(*proof) for proof in _proofs(row)))
        if row.detail and "absent" in (row.effect, row.heal):
            table.add_row(Text(f"  {row.detail}", "yellow"))
    return Padding(table, (0, 0, 0, 2))


def _proofs(row: FaultRow) -> tuple[tuple[str, float | None], tuple[str, float | None]]:
    return (row.effect, row.effect_after_s), (row.heal, row.heal_after_s)


def _proof(outcome: str, after_s: float | None) -> Text:
    if outcome == "absent" and after_s is None:
        return Text("not recorded", COLOURS["absent"])
    took = f" in {span_text(after_s or 0.0)}" if outcome == "proven" else ""
    return Text(outcome + took, COLOURS.get(outcome, "dim"))


def _invariants(result: Result) -> RenderableType:
    table = table_of("invariant", "outcome", "examined", wraps="examined")
    for row in result.invariants:
        why = f"{row.summary}; {row.missing}" if row.summary and row.missing else row.summary or row.missing
        table.add_row(row.name, Text(row.outcome, COLOURS[row.outcome]), why)
    for other in result.not_judged:
        table.add_row(Text(other["name"], "dim"), Text("not judged", "dim"), Text(other["reason"], "dim"))
    return Padding(table, (0, 0, 0, 2))


def _violations(row: InvariantRow) -> RenderableType:
    pieces: list[RenderableType] = [Text.assemble(("violated", COLOURS["violated"]), f"   {row.name}")]
    for violation in row.violations[:_SHOWN]:
        pieces += [_indented([Text(violation["text"])]), Padding(_evidence(violation["ops"]), (0, 0, 0, 4))]
    hidden = len(row.violations) - _SHOWN
    if hidden > 0:
        pieces.append(Text(f"  and {hidden} more, in result.json"))
    return _indented(pieces)


def _why(result: Result) -> RenderableType:
    grid = Table.grid(padding=(0, 4, 0, 0))
    grid.add_row(Text("unknown", COLOURS["unknown"]), Text(result.why))
    return Padding(grid, (0, 0, 0, 2))


def _left_behind(result: Result) -> RenderableType:
    return _indented([Text("left behind", "bold"), *(Text(f"  {text}") for text in result.left_behind)])


def _evidence(ops: list[dict[str, Any]]) -> RenderableType:
    table = table_of("line", "at", "who", "op", "", wraps="")
    for op in ops:
        number = "" if op["line"] is None else str(op["line"])
        table.add_row(number, f"{op['at_s']:z.2f} s", str(op["actor"]), f"{op['f']} {op['type']}", str(op["told"]))
    return table


def _next_steps(result: Result, repeat: str) -> RenderableType:
    folder = shlex.quote(result.run_dir)
    steps = {
        "evidence": f"{folder}/history.jsonl, and what each node said in {folder}/logs",
        "repeat": repeat,
        "judge": f"harness check {folder}",
    }
    grid = Table.grid(padding=(0, 3, 0, 0))
    for name, step in steps.items():
        if step:
            grid.add_row(name, Text(step, overflow="fold"))
    return Padding(grid, (0, 0, 0, 2))


def _indented(pieces: Iterable[RenderableType]) -> RenderableType:
    return Padding(Group(*pieces), (0, 0, 0, 2))
