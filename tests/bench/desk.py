"""A developer's cluster by its commands, the start of each included: up with five workers, status, inject, down."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from statistics import median

from tests.bench.frame import Row, wall_s

_ROUNDS = 5
_AIMS = {"up, 1 etcd and 5 workers": 1.5, "status": 0.3, "inject pause": 0.3}


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as folder:
        rounds = [_round(_Commands(folder)) for _ in range(_ROUNDS)]
    for told in rounds[0]:
        yield Row(told, median(taken[told] for taken in rounds), "s", at_most=_AIMS.get(told))


def _round(harness: "_Commands") -> dict[str, float]:
    return {
        "up, 1 etcd and 5 workers": harness("up", "--workers", "5", "--etcd", "process"),
        "status": harness("status"),
        "inject pause": harness("inject", "pause", "worker-1"),
        "where": harness("where", "file:///ufs/key-00001"),
        "heal": harness("heal"),
        "down": harness("down"),
    }


class _Commands:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._environment = {**os.environ, "XDG_RUNTIME_DIR": folder, "HARNESS_NAME": "bench"}

    def __call__(self, *words: str) -> float:
        """How long it takes."""
        return wall_s(self._run(*words))

    def _run(self, *words: str) -> Callable[[], object]:
        program = [sys.executable, "-c", "import sys; from harness.__main__ import main; sys.exit(main())", *words]
        return lambda: subprocess.run(program, cwd=self._folder, env=self._environment, capture_output=True, check=True)
