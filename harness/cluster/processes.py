"""The processes that somebody keeps: what is asked about them, what the history and the metrics file hold of them."""

import contextlib
import json
import math
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from harness.cluster.process import Process
from harness.core.history import Op
from harness.errors import ClusterError

_METRICS_EVERY_S = 1.0
_SAMPLED_AT_ONCE = 50

P = TypeVar("P", bound=Process)


class Processes(Generic[P]):
    """By the names of their nodes, the newest incarnation of each."""

    def __init__(self, history: socket.socket, metrics: Path) -> None:
        self._history, self._metrics = history, metrics
        self._newest: dict[str, P] = {}
        self._turn = list[str]()
        self._due_s = time.monotonic() + _METRICS_EVERY_S

    def __iter__(self) -> Iterator[P]:
        return iter(self._newest.values())

    def before(self, name: str) -> P | None:
        """The last incarnation of a node that is about to start. Raises ClusterError while it runs."""
        last = self._newest.get(name)
        if last and last.is_running:
            raise ClusterError(f"{name} runs already, as process {last.pid}")
        return last

    def started(self, process: P) -> None:
        self._newest[process.name] = process
        value = {"pid": process.pid, "create_time_s": process.create_time_s, "incarnation": process.incarnation}
        self._record(process.name, "ok", "start", value)

    def signal(self, names: Iterable[str], signals: Sequence[str]) -> None:
        """Each of the signals to each of the nodes."""
        for name in names:
            for signal in signals:
                self._signal(self._newest[name], signal)

    def _signal(self, process: P, signal: str) -> None:
        value = {"pid": process.pid, "incarnation": process.incarnation, "signal": signal}
        self._record(process.name, "invoke", "signal", value)
        process.signal(signal)
        self._record(process.name, "ok", "signal", value)

    def state(self, name: str) -> dict[str, bool]:
        process = self._newest.get(name)
        if not process:
            return {"running": False, "paused": False}
        return {"running": process.is_running, "paused": process.is_paused}

    def running(self) -> list[str]:
        return [name for name, process in self._newest.items() if process.is_running]

    def ended(self, pid: int, status: int) -> None:
        """A process that is not kept here has ended unnoticed."""
        process = next((p for p in self._newest.values() if p.pid == pid and p.is_running), None)
        if process:
            process.ended(status)
            value: dict[str, Any] = {"pid": pid, "incarnation": process.incarnation, "status": status}
            value |= {"asked": process.asked, "ran_s": round(time.monotonic() - process.started_s, 3)}
            self._record(process.name, "ok", "exit", value, None if process.asked else process.epitaph())

    def due_in_s(self) -> float:
        """Until `sample` has something to do."""
        return max(0.0, self._due_s - time.monotonic())

    def sample(self) -> None:
        """
        CPU and memory of all that run once a second, fifty at a time, so that nobody who asks meanwhile waits for long;
        less often where that would take more than a twentieth of the time.
        """
        if self.due_in_s():
            return
        began_s = time.monotonic()
        rows = [
            json.dumps({"time_ns": time.monotonic_ns(), "node": process.name, **metrics})
            for process in self._next_few()
            if process.is_running and (metrics := process.metrics())
        ]
        with contextlib.suppress(OSError), self._metrics.open("a") as file:  # a full disk: the history says so
            file.write("".join(f"{row}\n" for row in rows))
        took_s, turns = time.monotonic() - began_s, math.ceil(len(self._newest) / _SAMPLED_AT_ONCE) or 1
        self._due_s = time.monotonic() + max(_METRICS_EVERY_S / turns, 20 * took_s)

    def _next_few(self) -> list[P]:
        """In turns, so that all have had one before any has the next."""
        if not self._turn:
            self._turn = list(self._newest)
        few, self._turn = self._turn[:_SAMPLED_AT_ONCE], self._turn[_SAMPLED_AT_ONCE:]
        return [self._newest[name] for name in few]

    def _record(self, actor: str, kind: Any, f: str, value: dict[str, Any], error: str | None = None) -> None:
        self._history.send(Op(time.monotonic_ns(), actor, kind, f, value, error).line().encode())
