"""The program `harness`, also as `python -m harness`. Ctrl-C while it is being imported ends it without a word."""

import os
import signal
import sys


def main() -> int:
    """Run the command of `sys.argv`; its exit code."""
    _open_streams()
    heard = signal.getsignal(signal.SIGINT)
    if heard is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from harness import cli  # what takes the time

    signal.signal(signal.SIGINT, heard)
    return cli.main()


def _open_streams() -> None:
    """Whoever closed stdin, stdout or stderr gets nothing there, and no socket of ours in their place."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest that is free: its own
            setattr(sys, name, os.fdopen(descriptor, "w" if descriptor else "r", encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
