"""`harness report`: make the report of a stored run anew."""

from pathlib import Path

import click

from harness.cli import exits


@click.command()
@click.argument("run_dirs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN_DIR...")
def command(run_dirs: tuple[Path, ...]) -> int:
    """
    Write report.html and junit.xml of stored runs anew, judged with the invariants of today.

    Prints where each report is. The exit code is 0, whatever the runs came to: `harness check` tells that.

    \b
    Example:
      harness report runs/partition-7-20261121T101500Z
    """
    from harness import check
    from harness.cli.output import tell
    from harness.report.run_dir import RunDir
    from harness.report.writing import write_report

    for run_dir in run_dirs:
        tell(str(write_report(RunDir.open(run_dir), check(run_dir))))
    return exits.OK


command.name = "report"
