"""`harness check`: judge a stored run again."""

from pathlib import Path

import click

from harness.cli import options


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@options.as_json
def command(run_dir: Path, as_json: bool) -> int:
    """
    Judge a stored run again, with the invariants of today.

    \b
    Examples:
      harness check runs/partition-7-20261121T101500Z
      harness check runs/partition-7-20261121T101500Z --json | jq .invariants
    """
    from harness import check
    from harness.cli.output import show

    result = check(run_dir)
    show(result, as_json)
    return result.exit_code


command.name = "check"
