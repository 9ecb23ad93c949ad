"""`harness report`: make the report of a stored run anew."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from harness.cli import exits
from harness.core.plan import Plan
from harness.errors import InputError
from harness.variant import Variant


@click.command(short_help="Make the reports of stored runs anew.")
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

    for path in run_dirs:
        run_dir, result = RunDir.open(path), check(path)
        tell(str(write_report(run_dir, result, repeat_of(path, run_dir.read_plan()))))
    return exits.OK


def repeat_of(path: Path, plan: Plan) -> str:
    """A command that carries out the plan of a stored run again; empty where its options are not known."""
    from harness import load_scenario

    variant = Variant(
        etcd=plan.etcd.runtime if plan.etcd.runtime != "auto" else None,
        time_scale=plan.time_scale if plan.time_scale != 1.0 else None,
    )
    for name in (plan.scenario, str(path / "scenario.yaml")):
        with suppress(InputError):
            again = variant.plan(load_scenario(name), plan.seed)
            if replace(again, scenario=plan.scenario).to_json() == plan.to_json():
                return variant.repeat(name, plan.seed)
    return ""


command.name = "report"
