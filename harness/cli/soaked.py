"""One run of a soak: `harness run` in a process that ends when the soak does, and hears its Ctrl-C."""

import os
import signal
import sys

from harness.cli import main
from harness.cluster import linux


def soaked(soak: int, words: list[str]) -> int:
    """Carry out a command of `harness` for the process `soak`; the exit code."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what was started in the background would ignore it
    linux.die_with_parent()
    if os.getppid() != soak:
        return 1
    return main(words)


if __name__ == "__main__":
    sys.exit(soaked(int(sys.argv[1]), sys.argv[2:]))
