"""`python -m tests.bench [NAME...] [--store] [--json]`: measures the subjects named, or all; a table is the result."""

import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module

import click

import tests.bench
from tests.bench import frame
from tests.bench.frame import Row


def known() -> dict[str, Callable[[], Iterator[Row]]]:
    """Every subject, by the name of its module: those that give rows."""
    names = [module.name for module in pkgutil.iter_modules(tests.bench.__path__)]
    modules = {name: import_module(f"tests.bench.{name}") for name in names if not name.startswith(("test_", "__"))}
    return {name: module.rows for name, module in modules.items() if hasattr(module, "rows")}


def measured(subject: str, rows: Callable[[], Iterator[Row]]) -> list[Row]:
    """Its rows, each told on stderr as it comes."""
    done = []
    for row in rows():
        done.append(row)
        held = f", {frame.number(row.ratio)} of {row.against}" if row.other is not None else ""
        print(f"{subject}: {row.what}: {frame.number(row.figure)} {row.unit}{held}", file=sys.stderr, flush=True)
    return done


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option(
    "--store", is_flag=True, help="Keep the figures in figures.json, which the next table shows beside its own."
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON in place of the table.")
def bench(names: tuple[str, ...], store: bool, as_json: bool) -> None:
    """Measure the subjects named, or all; no figure is a failure."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each program that is timed compiles what it imports
    subjects = known()
    try:
        wanted = frame.subjects(names, subjects)
    except KeyError as error:
        raise click.BadParameter(error.args[0]) from error
    rows, last = dict[str, list[Row]](), frame.stored()["subjects"]
    for name in wanted:
        try:
            rows[name] = measured(name, subjects[name])
        except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
            print(f"{name}: can't be measured: {error}", file=sys.stderr)
    click.echo(json.dumps(frame.as_json(rows)) if as_json else frame.told(rows, last))
    if store:
        frame.store(rows)
    sys.exit(len(rows) < len(wanted))


if __name__ == "__main__":
    bench(prog_name="python -m tests.bench")
