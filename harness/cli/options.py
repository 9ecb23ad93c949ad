"""Options that several commands share."""

import secrets
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from harness.core.plan import SEED_MAX, EtcdRuntime
from harness.variant import RUNS

if TYPE_CHECKING:
    from harness.scenario.model import Scenario

_SEEDS = 1_000_000
_TIME_SCALE_MAX = 1000

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _pair(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    for value in values:
        if "=" not in value:
            raise click.BadParameter(f"{value!r} has no '='; write it as cluster.workers=7.", context, option)
        if value.startswith("="):
            raise click.BadParameter(f"{value!r} names no field; write it as cluster.workers=7.", context, option)
    return tuple((path, text) for path, _, text in (value.partition("=") for value in values))


def _scale(context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0 < value <= _TIME_SCALE_MAX:
        raise click.BadParameter(f"{value:g} is not above 0 and up to {_TIME_SCALE_MAX}.", context, option)
    return value


class WholeNumber(click.ParamType[int]):
    """From `least` to `most`, None for any."""

    name = "whole number"

    def __init__(self, least: int, most: int | None = None) -> None:
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{value!r} is no whole number; write it as 3.", param, ctx)
        if number < self._least:
            self.fail(f"{number} is too small; it is at least {self._least}.", param, ctx)
        if self._most is not None and number > self._most:
            self.fail(f"{number} is too big; it is at most {self._most}.", param, ctx)
        return number


class OneOf(click.Choice[str]):
    """As `click.Choice`; where a word is near to what was found, it is told."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            near = get_close_matches(str(value).lower(), self.choices, 1)
            hint = f"did you mean {near[0]!r}? it" if near else "it"
            self.fail(f"{value!r} is not allowed; {hint} is {', '.join(self.choices)}.", param, ctx)
        return super().convert(value, param, ctx)


seed: Decorator = click.option(
    "--seed",
    type=WholeNumber(0, SEED_MAX),
    metavar="N",
    help="Draws and identities. [default: the scenario's, else any]",
)
overrides: Decorator = click.option(
    "--set",
    "overrides",
    multiple=True,
    callback=_pair,
    metavar="PATH=VALUE",
    help="Change a field of the scenario, as in --set cluster.workers=7. Can be repeated.",
)
time_scale: Decorator = click.option(
    "--time-scale",
    type=float,
    callback=_scale,
    metavar="X",
    help="Multiply bounds and timeouts, never the plan, on a slow machine.",
)
etcd: Decorator = click.option(
    "--etcd", type=OneOf(get_args(EtcdRuntime)), help="How etcd runs. [default: the scenario's]"
)
fabric: Decorator = click.option(
    "--fabric",
    type=OneOf(("auto", "namespaces", "proxy")),
    default="auto",
    show_default=True,
    help="How nodes are joined; proxy is not built yet.",
)
as_json: Decorator = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, on one line.")
runs: Decorator = click.option(
    "--runs",
    type=click.Path(file_okay=False, path_type=Path),
    default=RUNS,
    show_default=True,
    help="Where the folders of runs go.",
)


def seed_of(scenario: "Scenario", asked: int | None) -> int:
    """The seed asked for, else the scenario's, else any."""
    if asked is not None:
        return asked
    return scenario.fields.seed if scenario.fields.seed is not None else secrets.randbelow(_SEEDS)
