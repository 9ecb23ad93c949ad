"""A big run from start to verdict: `hundreds.yaml`, whose 316 nodes meet every fault."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.frame import Row

_SCENARIO = Path(__file__).with_name("hundreds.yaml")
_MB = 1 << 20


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        words = ["-m", "harness", "run", str(_SCENARIO), "--seed", "1", "--etcd", "process", "--runs", folder, "--json"]
        done = subprocess.run([sys.executable, *words], stdout=subprocess.PIPE, check=False)
        result = json.loads(done.stdout)
        history_mb = Path(result["run_dir"], "history.jsonl").stat().st_size / _MB
    judged = [row for row in result["invariants"] if row["outcome"] != "not judged"]
    valid = sum(row["outcome"] == "valid" for row in judged)
    yield Row("300 workers, every fault: valid", valid, "invariants", "those judged", len(judged), at_least=1)
    yield Row("300 workers, every fault: whole run", result["wall_s"], "s")
    yield Row(
        "300 workers, every fault: judging", result["phases"]["judge_s"], "s", "the run", result["wall_s"], at_most=0.1
    )
    yield Row("300 workers, every fault: history", history_mb, "MB")
    yield Row("300 workers, every fault: left behind", len(result["left_behind"]), "things", at_most=0)
