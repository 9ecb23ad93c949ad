"""Results on stdout: a screen for people, one line of JSON for programs."""

import os
import shutil
import sys

import click

from harness.cli.exits import INTERRUPTED
from harness.core.plan import Plan
from harness.report.result import Result


def show(result: Result, as_json: bool, repeat: str = "") -> None:
    """`repeat` is the command that carries out the same plan again, where it is known."""
    if as_json:
        click.echo(result.to_json())
        return
    from harness.report.screen import screen

    width, colour = terminal()
    click.echo(screen(result, width, colour, repeat), color=colour)


def terminal() -> tuple[int | None, bool]:
    """How wide stdout is, None where it is no terminal; and whether it should be coloured."""
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else None
    return width, is_terminal and not os.environ.get("NO_COLOR")


def brief(plan: Plan, result: Result | None, code: int, name_width: int) -> str:
    """A run in one line; `result` is None where it did not come to one, as its exit code says."""
    from harness.report.screen import line

    if result is not None:
        return line(result, name_width)
    return f"{'cut short' if code == INTERRUPTED else 'failed':<10} {plan.scenario:<{name_width}}   seed {plan.seed}"
