"""`harness check`: judge a stored run again, or a cluster that stays so far."""

from pathlib import Path

import click

from harness.cli import exits, named, options


@click.command(short_help="Judge stored runs again, or a cluster so far.")
@click.argument("run_dirs", nargs=-1, type=click.Path(path_type=Path), metavar="[RUN_DIR]...")
@named.name
@options.as_json
def command(run_dirs: tuple[Path, ...], name: str, as_json: bool) -> int:
    """
    Judge stored runs again, with the invariants of today; without a RUN_DIR a cluster that is up, so far.

    \b
    Examples:
      harness check runs/partition-7-20261121T101500Z
      harness check runs/partition-7-20261121T101500Z --json | jq .invariants
      harness check --name dev
    """
    from harness import check
    from harness.cli.output import show

    codes = list[int]()
    for run_dir in run_dirs or (_so_far(name),):
        result = check(run_dir, is_over=bool(run_dirs))
        show(result, as_json)
        codes.append(result.exit_code)
    return exits.worst(codes)


command.name = "check"


def _so_far(name: str) -> Path:
    from harness.daemon.line import ask
    from harness.daemon.place import Place

    place = Place.of(name)
    if not place.exists():
        raise click.UsageError(f"Missing argument 'RUN_DIR...', and no cluster is up that is called {name}.")
    return Path(ask(place, "record"))
