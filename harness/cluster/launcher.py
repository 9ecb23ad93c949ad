"""The program that the command starts: it puts a supervisor into a sandbox, and stays small while that runs."""

import json
import os
import resource
import socket
import sys
from pathlib import Path

from harness.cluster import linux
from harness.cluster.sandbox import enter


def main(arguments: list[str]) -> int:
    """The program: COMMAND_PID CONTROL_FD HISTORY_FD METRICS_FILE; a supervisor in a sandbox."""
    command, control_fd, history_fd = (int(argument) for argument in arguments[:3])
    control = socket.socket(fileno=control_fd)
    linux.die_with_parent()
    if os.getppid() != command:
        return 1
    _raise_file_limit()

    def run_inside() -> int:
        from harness.cluster.supervisor import Supervisor  # imported late: the launcher stays small

        return Supervisor(control, socket.socket(fileno=history_fd), Path(arguments[3])).run()

    try:
        return enter(run_inside)
    except OSError as error:
        control.sendall(json.dumps({"failed": str(error)}).encode() + b"\n")
        return 1


def _raise_file_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
