"""Scenarios that mostly wait, as items of pytest: eight at once with pytest-xdist, beside one after the other."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.frame import Row

_ITEMS = 24
_SCENARIO = """
cluster: {workers: 3, clients: 1}
workload: {keys: 50, lookups_per_s: 20, reads_per_s: 2}
steps:
  - {at: 1s, for: 4s, pause: worker-1}
duration: 10s
"""


def rows() -> Iterator[Row]:
    ours, alone = _pytest("8"), _pytest("0")
    yield Row(f"{_ITEMS} runs of 10 s by pytest -n 8, all valid", ours, "s", "-n 0", alone, at_most=0.2)


def _pytest(workers: str) -> float:
    """Seconds until all have passed. Raises RuntimeError, with its last words, where one did not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "waits.yaml").write_text(_SCENARIO)
        Path(folder, "pytest.ini").write_text("[pytest]\nharness_scenarios = waits.yaml\n")
        words = ("-n", workers, "--harness-seeds", str(_ITEMS), "--harness-etcd", "process")
        began_s = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words], cwd=folder, capture_output=True, text=True, check=False
        )
        took_s = time.monotonic() - began_s
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:])
    return took_s
