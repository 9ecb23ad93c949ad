"""What commands share that are about a cluster which stays: its name, its nodes, and what the shell completes."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from harness.daemon.place import DEFAULT, Place, places
from harness.errors import HarnessError, InputError

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def folder() -> Path:
    """Where the command is. Raises InputError where that is gone."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise InputError("the working folder is gone; go to another one") from error


def completed(found: Callable[[click.Context], Iterable[str]]) -> Complete:
    """Those of `found` that begin as what is typed; after a comma the next of several."""

    def complete(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
        before, comma, last = typed.rpartition(",")
        with suppress(HarnessError, OSError):
            words = [word for word in found(context) if word.startswith(last) and word not in before.split(",")]
            return [f"{before}{comma}{word}" for word in words]
        return []

    return complete


def scenario_names(_: click.Context) -> list[str]:
    """Those that come with the package, and files here."""
    from harness.packaged import scenarios

    return [*scenarios(), *(str(path) for pattern in ("*.yaml", "scenarios/*.yaml") for path in Path().glob(pattern))]


def cluster_names(_: click.Context) -> list[str]:
    return [place.name for place in places()]


def node_names(context: click.Context) -> list[str]:
    """Of the cluster that the command line names."""
    facts = Place.of(context.params.get("name") or DEFAULT).facts()
    return facts.nodes if facts else []


name: Decorator = click.option(
    "--name",
    envvar="HARNESS_NAME",
    default=DEFAULT,
    show_default=True,
    metavar="NAME",
    help="Which cluster; or HARNESS_NAME.",
    shell_complete=completed(cluster_names),
)
scenarios: Decorator = click.argument(
    "scenarios",
    nargs=-1,
    required=True,
    metavar="SCENARIO...",
    shell_complete=completed(scenario_names),
)
