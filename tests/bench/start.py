"""
How soon a cluster is there, from the start of a program to the last worker's key in etcd, and what a worker holds.

Ours is the very command, `harness run`. The floor (see `floor.py`) does what nobody can do without; the rival executes
the real worker anew for each node.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from harness.core.history import Op
from harness.core.membership import alive_prefix
from harness.core.repeats import Whole
from tests.bench.frame import Row, in_turns

_SCENARIO = """
cluster:
  workers: {workers}
  clients: 1
  properties:
    alluxio.worker.failure.detection.timeout: 60s
    alluxio.user.worker.list.refresh.interval: {refresh}
workload: {{keys: 1, lookups_per_s: 0, reads_per_s: 0}}
duration: {duration}
invariants: [views-agree-in-the-end]
"""
_MB = 1 << 20
_KEY = alive_prefix("DefaultAlluxioCluster")


def rows() -> Iterator[Row]:
    ours, floor = in_turns(5, lambda: started(5).keys_s, lambda: told("floor", 5))
    yield Row("5 workers", median(ours), "s", "floor", median(floor), at_most=1.5)
    hundred = list[Started]()
    ours, floor = in_turns(3, lambda: _kept(hundred, started(100)).keys_s, lambda: told("floor", 100))
    yield Row("100 workers", median(ours), "s", "floor", median(floor), at_most=1.5)
    in_view_s = median(run.in_view_s for run in hundred)
    yield Row("100 workers in a client's view", in_view_s, "s", "by exec", told("rival", 100), at_most=0.2)
    thousand, floor_s = started(1000, refresh="20s", duration="5s"), told("floor", 1000)
    yield Row("1000 workers", thousand.keys_s, "s", "floor", floor_s, at_most=1.5)
    yield Row("memory of one of 1000 workers, private", thousand.worker_mb, "MB", at_most=10)
    yield Row("1000 workers up and down, left behind", thousand.left, "things", at_most=0)


def _kept(runs: "list[Started]", run: "Started") -> "Started":
    runs.append(run)
    return run


class Started:
    """What one run of ours came to; times in seconds from the start of its program, memory as a median over workers."""

    def __init__(self, began_s: float, workers: int, run: Path, worker_mb: float) -> None:
        self.worker_mb, keys, whole = worker_mb, set[str](), Whole()
        self.keys_s = self.in_view_s = self.left = float("inf")
        for op in (whole.of(Op.parse(line)) for line in (run / "history.jsonl").open("rb")):
            after_s = op.time_ns / 1e9 - began_s
            if op.f == "put" and op.value["key"].startswith(_KEY):
                keys.add(op.value["key"])
                if len(keys) == workers:
                    self.keys_s = min(self.keys_s, after_s)
            if op.f == "view" and op.actor == "client-1" and len(op.value["online"]) == workers:
                self.in_view_s = min(self.in_view_s, after_s)
            if op.f == "left-behind":
                self.left = len(op.value["left"])


def started(workers: int, refresh: str = "500ms", duration: str = "100ms") -> Started:
    """One run of ours, up and down again. Raises RuntimeError, with its last words, when it did not come to an end."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder, "up.yaml")
        scenario.write_text(_SCENARIO.format(workers=workers, refresh=refresh, duration=duration))
        words = ["-m", "harness", "run", str(scenario), "--seed", "1", "--etcd", "process", "--runs", folder, "--json"]
        began_s, worker_mb, said = time.monotonic(), 0.0, list[str]()
        with subprocess.Popen(
            [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as run:
            for line in run.stderr or ():
                said.append(line)
                if line.split()[:1] == ["start"]:
                    worker_mb = median(private_mb(folder) or [0.0])
            result = run.stdout.read() if run.stdout else ""
        if not result.startswith("{"):
            raise RuntimeError("".join(said[-5:]))
        return Started(began_s, workers, Path(json.loads(result)["run_dir"]), worker_mb)


def private_mb(folder: str) -> list[float]:
    """Of each worker that logs below the folder the memory that it shares with nobody; from here its path is cut."""
    logs, found = re.compile(rf"/{re.escape(Path(folder).name)}/.*/worker-\d+\.log$"), list[float]()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if logs.search(str((process / "fd/1").readlink())):
                rollup = (process / "smaps_rollup").read_text()
                found.append(sum(map(int, re.findall(r"^Private_\w+: +(\d+)", rollup, re.MULTILINE))) * 1024 / _MB)
        except OSError:
            continue  # it has ended, or is somebody else's
    return found


def told(kind: str, workers: int) -> float:
    """Seconds from the start of `tests.bench.floor` to the last key."""
    with tempfile.TemporaryDirectory() as folder:
        began_s = time.monotonic()
        words = ["-m", "tests.bench.floor", kind, str(workers), folder]
        done = subprocess.run([sys.executable, *words], stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout) - began_s
