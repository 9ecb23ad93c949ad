"""What a run's folder gets beside its result: the report for people, and JUnit's XML for machines."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.core.history import Op
from harness.errors import HarnessError
from harness.report.html.page import page
from harness.report.junit import junit
from harness.report.result import Result
from harness.report.run_dir import RunDir


def write_report(run_dir: RunDir, result: Result, repeat: str = "") -> Path:
    """
    Write `report.html` and `junit.xml` of a stored run anew; the path of the former.

    `result` is what the run was judged to, `repeat` the command that carries out its plan again. Raises InputError when
    the run can't be read, ClusterError when its folder can't be written.
    """
    watched = _Watched()
    metrics, read_log, plan = run_dir.samples(), run_dir.log, run_dir.read_plan()
    with run_dir.blamed(plan.guests):
        html = page(plan, watched.over(run_dir.ops()), result, metrics=metrics, read_log=read_log, repeat=repeat)
        suites = junit(result, repeat, watched.wall_s)
    run_dir.write_junit(suites)
    return run_dir.write_report(html)


def reported(result: Result, repeat: str) -> str:
    """Where the report of a run is that was judged, or why there is none: its verdict stands either way."""
    try:
        page = write_report(RunDir.open(Path(result.run_dir)), result, repeat)
    except HarnessError as error:
        return f"no report: {error}"
    except Exception as error:  # a bug of ours: the run came to its verdict, and that is what counts
        return f"no report: the harness itself failed: {type(error).__name__}: {error}"
    return f"report: {shlex.quote(str(page))}"


@dataclass
class _Watched:
    """The wall clock of the run's first op, heard in passing."""

    wall_s: float = 0.0

    def over(self, ops: Iterator[Op]) -> Iterator[Op]:
        for op in ops:
            if op.f == "run":
                self.wall_s = float(op.value.get("wall_s", 0.0))
            yield op
