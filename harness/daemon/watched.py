"""What becomes of each node of a cluster that stays, from the ops as they come: states, and since when."""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from harness.cluster.status import Status
from harness.core.history import OBSERVER, Op
from harness.core.plan import Plan
from harness.report.progress import Progress, Quiet

_OF_ETCD = ("put", "delete", "snapshot", "leader")
_OF_NODE = ("start", "exit", "signal", "sample", "removed")


@dataclass(frozen=True)
class Standing:
    """
    `state` is what the node is to the cluster (`online`, `ready`, `leads` ...; empty where it is nothing to it),
    `process` what its process is: `running`, `paused`, `stopped`, `died` (unasked), `none` for a place without.
    """

    state: str
    process: str


class Watched(Quiet):
    """
    Shown every op, from whichever thread records it; it knows states once it has a cluster to look at. Until it has,
    all that it is shown goes on to `shown`.
    """

    def __init__(self, shown: Progress | None = None) -> None:
        self._shown = shown or Quiet()
        self._lock = threading.Lock()
        self._cluster: tuple[Plan, Status] | None = None
        self._processes, self._leaving = dict[str, str](), set[str]()
        self._since = dict[str, tuple[Standing, int]]()
        self.notes = list[str]()
        """What was noted since it has a cluster: what keeps its record from being whole."""
        self.epitaphs = dict[str, str]()
        """What each node that died unasked left to say, until it is started again."""
        self.pids = dict[str, int]()
        """Of the nodes that run; those in the sandbox are counted as there."""
        self.left: list[str] | None = None
        """What of the cluster was still there when it had been stopped; None before."""

    def look_at(self, plan: Plan, status: Status) -> None:
        """From now on; the plan is another one when workers have joined. Nothing more is shown."""
        self.close()
        self._shown = Quiet()
        self._cluster = plan, status
        self._look(plan.names)

    def __enter__(self) -> Self:
        self._shown.__enter__()
        return self

    def close(self) -> None:
        self._shown.__exit__(None, None, None)

    def note(self, text: str) -> None:
        self._shown.note(text)
        if self._cluster:
            self.notes.append(text)

    def phase(self, name: str, detail: str = "") -> None:
        self._shown.phase(name, detail)

    def node_died(self, text: str) -> None:
        self._shown.node_died(text)

    def op(self, op: Op) -> None:
        self._shown.op(op)
        if op.f == "left-behind":
            self.left = list(op.value["left"])
        if op.type == "ok" and op.f in _OF_NODE:
            self._process(op)
            if op.f != "sample" or self._cluster is None or op.actor in self._cluster[0].clients:
                self._look([op.actor])
        elif op.type == "ok" and op.actor == OBSERVER and op.f in _OF_ETCD and self._cluster:
            plan, _ = self._cluster
            self._look([*plan.workers, *plan.joiners, *plan.etcd.members])

    def standing(self, name: str) -> tuple[Standing, float]:
        """What it is now, and for how many seconds it has been that."""
        with self._lock:
            standing, since_ns = self._since.get(name, (Standing("", "none"), time.monotonic_ns()))
        return standing, (time.monotonic_ns() - since_ns) / 1e9

    def _process(self, op: Op) -> None:
        if op.f == "start":
            self._processes[op.actor], self.pids[op.actor] = "running", op.value["pid"]
            self.epitaphs.pop(op.actor, None)
            self._leaving.discard(op.actor)
        elif op.f == "exit":
            unasked = not op.value["asked"] and op.actor not in self._leaving
            self._processes[op.actor] = "died" if unasked else "stopped"
            self.pids.pop(op.actor, None)
            if unasked:
                self.epitaphs[op.actor] = op.error or ""
        elif op.f == "removed":
            self._leaving.add(op.actor)
        elif op.f == "signal" and op.value["signal"] in ("STOP", "CONT"):
            self._processes[op.actor] = "paused" if op.value["signal"] == "STOP" else "running"

    def _look(self, names: Iterable[str]) -> None:
        if self._cluster is None:
            return
        plan, status = self._cluster
        members, now_ns = status.membership(), time.monotonic_ns()
        with self._lock:
            for name in set(plan.names).intersection(names):  # the harness' own programs are nobody to the cluster
                standing = Standing(_state(name, plan, status, members), self._processes.get(name, "none"))
                if name not in self._since or self._since[name][0] != standing:
                    self._since[name] = standing, now_ns


def _state(name: str, plan: Plan, status: Status, members: Mapping[str, str]) -> str:
    if name in plan.identities:
        return members.get(name, "removed" if status.removed_at(name) else "not registered")
    if name in plan.users:
        return ""
    if not status.is_ready(name):
        return "not ready"
    return "leads" if status.leader() == name else "ready"
