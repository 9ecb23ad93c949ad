"""Results on stdout: a screen for people, one line of JSON for programs."""

import os
import shutil
import sys

import click

from harness.report.result import Result


def show(result: Result, as_json: bool) -> None:
    if as_json:
        click.echo(result.to_json())
        return
    from harness.report.screen import screen

    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else None
    click.echo(screen(result, width, colour=is_terminal and not os.environ.get("NO_COLOR")), color=is_terminal)
