"""The program `harness`, also as `python -m harness`. Ctrl-C while it is being imported ends it without a word."""

import signal
import sys


def main() -> int:
    """Run the command of `sys.argv`; its exit code."""
    heard = signal.getsignal(signal.SIGINT)
    if heard is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from harness import cli  # what takes the time

    signal.signal(signal.SIGINT, heard)
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
