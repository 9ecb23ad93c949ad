"""What it takes until a command has said something, beside an interpreter that does nothing: mostly imports."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from statistics import median

from tests.bench.frame import Row, in_turns, wall_s

_ROUNDS = 5
_COMMANDS = {"harness --help": ("--help",), "harness plan restart": ("plan", "restart", "--seed", "1")}


def rows() -> Iterator[Row]:
    for told, words in _COMMANDS.items():
        ours, bare = in_turns(
            _ROUNDS, _run("-c", "import sys; from harness.cli import main; sys.exit(main())", *words), _run("-c", "")
        )
        yield Row(told, median(ours), "s", "an empty program", median(bare))


def _run(*words: str) -> Callable[[], float]:
    return lambda: wall_s(lambda: subprocess.run([sys.executable, *words], capture_output=True, check=True))
