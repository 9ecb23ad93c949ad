"""What the report of a run costs, held against parsing its history alone: an ordinary run, and 500,000 ops."""

import random
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from harness.checks import Judgement
from harness.core.history import HARNESS, Op
from harness.load import load_scenario
from harness.report.course import Course
from harness.report.result import Result
from harness.report.run_dir import RunDir
from harness.report.writing import write_report
from harness.scenario.plan import make_plan
from tests.bench.frame import Row, cpu_s, in_turns

_SIZES = (8_000, 500_000)
_ROUNDS = 3
_SECOND = 1_000_000_000


def rows() -> Iterator[Row]:
    words = "import harness.run", "import harness.run, harness.report.writing"
    bare, ours = in_turns(_ROUNDS, *(lambda word=word: _import_s(word) for word in words))
    yield Row("report: its imports", median(ours) - median(bare), "s", at_most=0.2)
    for size in _SIZES:
        yield from _of(size)


def _of(size: int) -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        run_dir, result = _stored(Path(folder), size)
        report, parse = in_turns(
            _ROUNDS, lambda: cpu_s(lambda: write_report(run_dir, result)), lambda: cpu_s(lambda: _parsed(run_dir))
        )
        yield Row(f"report: {size:,} ops", median(report), "s CPU", "parsing them", median(parse))
        yield Row(f"report: page of {size:,} ops", (run_dir.path / "report.html").stat().st_size / 1e6, "MB", at_most=5)


def _import_s(words: str) -> float:
    program = f"import time; began_s = time.perf_counter(); {words}; print(time.perf_counter() - began_s)"
    return float(subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True, text=True).stdout)


def _parsed(run_dir: RunDir) -> int:
    return sum(1 for _ in run_dir.ops())


def _stored(folder: Path, size: int) -> tuple[RunDir, Result]:
    plan = make_plan(load_scenario("restart"), 1)
    run_dir, course = RunDir.create(folder, plan.scenario, plan.seed), Course()
    run_dir.write_plan(plan)
    last_ns = 0
    with run_dir.history.open("w") as file:
        for op in _ops(list(plan.identities.values()), plan.clients, plan.workload.keys, size):
            file.write(f"{op.line()}\n")
            last_ns = op.time_ns
    judgement = replace(Judgement("valid", True, ()), last_ns=last_ns)
    return run_dir, Result.of(plan, course, judgement, run_dir.path)


def _ops(owners: list[str], clients: Iterable[str], keys: Iterable[str], size: int) -> Iterator[Op]:
    dice, keys, clients = random.Random(1), tuple(keys), tuple(clients)
    yield Op(_SECOND, HARNESS, "invoke", "phase", {"phase": "run"})
    for number in range(1, size // 2):
        began_ns, key, who = _SECOND + number * _SECOND // 200, dice.choice(keys), clients[number % len(clients)]
        yield Op(began_ns, who, "invoke", "lookup", {"key": key}, None, number)
        told = {"key": key, "owner": dice.choice(owners), "revision": 7}
        yield Op(began_ns + int(dice.lognormvariate(14, 0.7)), who, "ok", "lookup", told, None, number)
