"""`harness list` and `harness schema`: what there is."""

import json
import shutil
import sys
from collections.abc import Iterator
from itertools import takewhile
from textwrap import fill
from typing import Any, Literal

import click

from harness.cli import options

Kind = Literal["scenarios", "faults", "invariants"]
Row = dict[str, Any]
_LEAST_COLUMNS = 60


@click.command(short_help="Scenarios, faults or invariants that there are.")
@click.argument("kind", type=options.OneOf(("scenarios", "faults", "invariants")))
@click.option("--json", "as_json", is_flag=True, help="One JSON list on stdout, on one line.")
def command(kind: Kind, as_json: bool) -> None:
    """
    List what there is: packaged scenarios, faults with their parameters, or invariants.

    \b
    Examples:
      harness list scenarios
      harness list faults
      harness list invariants --json
    """
    rows = {"scenarios": _scenarios, "faults": _faults, "invariants": _invariants}[kind]()
    if as_json:
        click.echo(json.dumps(rows))
        return
    widths = {key: max((len(row.get(key, "")) for row in rows), default=0) for key in ("name", "id")}
    for row in rows:
        _tell("   ".join(f"{row[key]:<{width}}" for key, width in widths.items() if key in row) + "   ", row["says"])
        for first, text in _details(row) if kind == "faults" else ():
            _tell(" " * (widths["name"] + 3) + first, text)
    if kind == "invariants":
        _tell("\nThe letter of an id: ", _letters())


command.name = "list"


def _tell(first: str, text: str) -> None:
    """On a terminal as many lines as it takes, what is beyond the first indented as far as `first` reaches."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    width = max(_LEAST_COLUMNS, shutil.get_terminal_size().columns) if is_terminal else sys.maxsize
    indent = " " * len(first.lstrip("\n"))
    click.echo(first + fill(text, width - len(indent), break_on_hyphens=False).replace("\n", f"\n{indent}"))


@click.command()
def schema() -> None:
    """
    Print the JSON schema of a scenario, for editors.

    \b
    Example:
      harness schema > scenario.schema.json
    """
    from harness.scenario.model import schema as of_scenario

    click.echo(json.dumps(of_scenario(), indent=1))


def _scenarios() -> list[Row]:
    from harness.packaged import scenarios

    return [{"name": name, "says": _story(path.read_text("utf-8"))} for name, path in scenarios().items()]


def _story(text: str) -> str:
    """The first sentence of a scenario's opening comment."""
    comment = [line.strip("# ") for line in takewhile(lambda line: line.startswith("#"), text.splitlines())]
    story = " ".join(comment)
    return story.partition(". ")[0].rstrip(".") + "." if story else ""


def _faults() -> list[Row]:
    """`default` is as a scenario writes it, None where there is none."""
    from harness.faults import FAULTS
    from harness.scenario import forms

    return [
        {
            "name": name,
            "says": forms.says(fault),
            "targets": [role for role in forms.ROLES if role in fault.roles],
            "named": forms.named(fault),
            "parameters": forms.takes(fault),
            "examples": forms.examples(fault),
        }
        for name, fault in FAULTS.items()
    ]


def _details(row: Row) -> Iterator[tuple[str, str]]:
    """What stands before a text, and the text."""
    width = max(len(name) for name in ("targets", *(each["name"] for each in row["parameters"])))
    yield f"{'targets':<{width}}   ", f"{', '.join(row['targets'])}: {row['named']}."
    for each in row["parameters"]:
        default = f", {each['default']} by default" if each["default"] else ""
        yield f"{each['name']:<{width}}   ", f"{each['takes']}{default}. {each['says']}"
    for example in row["examples"]:
        yield example[:2], example[2:]


def _invariants() -> list[Row]:
    from harness.checks import INVARIANTS

    return [{"name": name, "id": each.id, "says": each.says} for name, each in INVARIANTS.items()]


def _letters() -> str:
    from harness.checks.catalogue import LETTERS

    return ", ".join(f"{letter} {what}" for letter, what in LETTERS.items()) + "."
