"""`harness list` and `harness schema`: what there is."""

import json
from typing import Literal

import click

Kind = Literal["scenarios", "faults", "invariants"]
Row = dict[str, str]


@click.command()
@click.argument("kind", type=click.Choice(("scenarios", "faults", "invariants")))
@click.option("--json", "as_json", is_flag=True, help="One JSON list on stdout, on one line.")
def command(kind: Kind, as_json: bool) -> None:
    """
    List what there is: packaged scenarios, faults, or invariants.

    \b
    Examples:
      harness list scenarios
      harness list invariants --json
    """
    rows = {"scenarios": _scenarios, "faults": _faults, "invariants": _invariants}[kind]()
    if as_json:
        click.echo(json.dumps(rows))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['name']:<{width}}   {row['says']}")


command.name = "list"


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
    """The first line of a scenario's opening comment."""
    first = text.partition("\n")[0]
    return first.lstrip("# ") if first.startswith("#") else ""


def _faults() -> list[Row]:
    from harness.faults import FAULTS

    return [{"name": name, "says": (fault.__doc__ or "").strip().partition("\n")[0]} for name, fault in FAULTS.items()]


def _invariants() -> list[Row]:
    from harness.checks import INVARIANTS

    return [{"name": name, "id": each.id, "says": each.says} for name, each in INVARIANTS.items()]
