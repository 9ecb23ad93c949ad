"""The program that the command starts: it puts a supervisor into a sandbox, and stays small while that runs."""

import json
import os
import socket
import sys
from pathlib import Path

from harness.cluster import linux
from harness.cluster.sandbox import enter


def main(arguments: list[str]) -> int:
    """The program: COMMAND_PID METRICS_FILE CONTROL_FD HISTORY_FD [BROKER_FD]; a supervisor in a sandbox."""
    command, metrics = int(arguments[0]), Path(arguments[1])
    control, history, *broker = (socket.socket(fileno=int(argument)) for argument in arguments[2:])
    linux.die_with_parent()
    if os.getppid() != command:
        return 1
    linux.raise_file_limit()

    def run_inside() -> int:
        from harness.cluster.supervisor import Supervisor  # imported late: the launcher stays small

        return Supervisor(control, history, metrics, *broker).run()

    try:
        return enter(run_inside)
    except OSError as error:
        reason = f"{error}; `harness doctor` tells what would permit it"
        control.sendall(json.dumps({"failed": reason}).encode() + b"\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
