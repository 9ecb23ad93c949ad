"""
The zygote: imports everything heavy once and forks every worker and client from there, in milliseconds each.

It is single-threaded, has opened no grpc channel, reaps its children and reports each exit with its status. It speaks
JSON datagrams with the supervisor: [{"run","settings","network","gate","log"}] -> {"started": [pid]}, and
{"ended": pid, "status"} later; what was started begins when the gate opens, and finds its settings in a file.
"""

import gc
import importlib
import json
import os
import selectors
import socket
from pathlib import Path
from typing import Any

from harness.cluster.process import fork_into, pass_gate

PRELOAD = (
    "harness.observer",
    "harness.workload",
    "harness.dora.operator",
    "fsspec.implementations.local",
    "harness.dora.worker",
    "harness.dora.client",
    "harness.dora.guest",
)
"""In the order in which a run needs them: what comes with etcd does not wait for what only clients import."""
_MESSAGE_BYTES = 1 << 17
_BLAS = "OPENBLAS_NUM_THREADS"


def main(supervisor: socket.socket, history: int) -> int:
    """Serve the supervisor until it hangs up."""
    return Zygote(supervisor, history).serve()


class Zygote:
    def __init__(self, supervisor: socket.socket, history: int) -> None:
        self._supervisor, self._history = supervisor, history
        self._selector = selectors.DefaultSelector()
        self._selector.register(supervisor, selectors.EVENT_READ, None)
        self._ahead = list(PRELOAD)
        os.environ[_BLAS] = "1"  # numpy would start threads, which wait busily, in what has to be single-threaded
        gc.disable()  # each import would have it go over all that was imported before: a fifth of the time

    def serve(self) -> int:
        """While nobody asks for anything, import what will be needed."""
        while True:
            asked = self._selector.select(0 if self._ahead else None)
            if not asked:
                self._load()
            for key, _ in asked:
                if key.data is not None:
                    self._reap(key.fd, key.data)
                elif message := self._supervisor.recv(_MESSAGE_BYTES):
                    self._say({"started": [self._start(order) for order in json.loads(message)]})
                else:
                    return 0

    def _load(self) -> None:
        """
        The next module; the garbage collector, which would find next to nothing in it, does not touch, and so not copy,
        what all that is forked shares.
        """
        importlib.import_module(self._ahead.pop(0))
        gc.freeze()

    def _start(self, order: dict[str, Any]) -> int:
        while order["run"].partition(":")[0] in self._ahead:
            self._load()
        network, gate = (os.open(order[name], os.O_RDONLY) for name in ("network", "gate"))

        def become() -> int:
            gc.enable()
            del os.environ[_BLAS]
            pass_gate(gate)
            settings = json.loads(Path(order["settings"]).read_text())
            return _run(order["run"], {**settings, "history_fd": self._history})

        pid = fork_into(network, Path(order["log"]), {self._history, gate}, become)
        os.close(network)
        os.close(gate)
        self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
        return pid

    def _reap(self, pidfd: int, pid: int) -> None:
        self._selector.unregister(pidfd)
        os.close(pidfd)
        _, status = os.waitpid(pid, 0)
        self._say({"ended": pid, "status": os.waitstatus_to_exitcode(status)})

    def _say(self, message: dict[str, Any]) -> None:
        self._supervisor.send(json.dumps(message).encode())


def _run(entry: str, settings: dict[str, Any]) -> int:
    module, _, function = entry.partition(":")
    return int(getattr(importlib.import_module(module), function)(settings))
