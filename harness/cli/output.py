"""Results on stdout: a screen for people, one line of JSON for programs."""

import os
import shutil
import sys

import click

from harness.cli.exits import INTERRUPTED
from harness.core.plan import Plan
from harness.errors import ClusterError
from harness.report.result import Result


def show(result: Result, as_json: bool, repeat: str = "") -> None:
    """`repeat` is the command that carries out the same plan again, if known. Raises ClusterError as `tell` does."""
    tell(result.to_json() if as_json else _screen(result, repeat), f"; it is in {result.run_dir}")


def tell(text: str, kept: str = "") -> None:
    """What a command came to, on stdout. Raises ClusterError where that fails, which ends with `kept`."""
    try:
        click.echo(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ClusterError(f"can't write the result to stdout: {error.strerror}{kept}") from error


def _screen(result: Result, repeat: str) -> str:
    from harness.report.screen import screen

    width, colour = terminal()
    return screen(result, width, colour, repeat)


def terminal() -> tuple[int | None, bool]:
    """How wide stdout is, None where it is no terminal (or closed); and whether it should be coloured."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else None
    return width, is_terminal and not os.environ.get("NO_COLOR")


def brief(plan: Plan, result: Result | None, code: int, name_width: int) -> str:
    """A run in one line; `result` is None where it did not come to one, as its exit code says."""
    from harness.report.screen import line

    if result is not None:
        return line(result, name_width)
    return f"{'cut short' if code == INTERRUPTED else 'failed':<10} {plan.scenario:<{name_width}}   seed {plan.seed}"
