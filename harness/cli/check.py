"""`harness check`: judge a stored run again."""

from pathlib import Path

import click

from harness.cli import exits, options


@click.command(short_help="Judge stored runs again.")
@click.argument("run_dirs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN_DIR...")
@options.as_json
def command(run_dirs: tuple[Path, ...], as_json: bool) -> int:
    """
    Judge stored runs again, with the invariants of today.

    \b
    Examples:
      harness check runs/partition-7-20261121T101500Z
      harness check runs/partition-7-20261121T101500Z --json | jq .invariants
    """
    from harness import check
    from harness.cli.output import show

    codes = list[int]()
    for run_dir in run_dirs:
        result = check(run_dir)
        show(result, as_json)
        codes.append(result.exit_code)
    return exits.worst(codes)


command.name = "check"
