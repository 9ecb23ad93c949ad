"""
A cluster as the harness holds it: everything that faults, a run and a developer ask of it.

It stands on one supervisor (`Control`) and on what the ops say of the nodes (`Status`).
"""

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from harness.cluster import roles
from harness.cluster.control import Control
from harness.cluster.remote import Remote
from harness.cluster.sandbox import HARNESS_PLACE
from harness.cluster.spec import Spec
from harness.cluster.status import Status
from harness.cluster.wait import Interrupted, wait_until
from harness.core.few import few
from harness.core.history import OBSERVER, OPERATOR, WORKLOAD, Op
from harness.core.links import Cuts, Link, links_of
from harness.core.membership import alive_prefix, registered_prefix
from harness.core.plan import Plan
from harness.core.properties import Properties
from harness.errors import ClusterError, NotReadyError
from harness.faults.fault import Signal, State

Endings = tuple[tuple[tuple[Signal, ...], float], ...]
"""Signals, and how many seconds a node has to end after them, before the next."""

_READY_S, _READY_EACH_S = 30.0, 0.1
_STOP_S, _STOP_EACH_S = 3.0, 0.02
_KILLED_S = 5.0
_ELECTED_S = 10.0
_POLITELY: Endings = ((("CONT", "TERM"), _STOP_S), (("KILL",), _KILLED_S))
_AT_ONCE: Endings = ((("KILL",), _KILLED_S),)
_OPERATED_S = 30.0
_STARTED_AT_ONCE = 200
_SHOWN = 5


class Node:
    """One node under control; see `harness.faults.fault.Node`."""

    def __init__(self, spec: Spec, control: Control, status: Status) -> None:
        self.name, self.spec, self._control, self._status = spec.name, spec, control, status
        self.keeper = control.keeper(spec)

    def start(self) -> None:
        self.keeper.ask("start", specs=[self.spec.to_json()])

    def signal(self, signal: Signal) -> None:
        self.keeper.ask("signal", names=[self.name], signals=[signal])

    def is_running(self) -> bool:
        return bool(self.keeper.ask("process", name=self.name)["running"])

    def is_paused(self) -> bool:
        return bool(self.keeper.ask("process", name=self.name)["paused"])

    def is_ready(self) -> bool:
        return self.is_running() and self._status.is_ready(self.name)

    def tell(self, do: str, **fields: Any) -> None:
        """A word to one of the harness' own programs; what it has to say to that comes as ops."""
        self._control.ask("tell", name=self.name, message={"do": do, **fields})


class Cluster:
    """See `harness.faults.fault.Cluster`. Waits end early, with Interrupted, once `stop` is set."""

    def __init__(
        self, plan: Plan, control: Control, status: Status, specs: Iterable[Spec], stop: threading.Event
    ) -> None:
        self._plan, self._control, self._status, self._stop = plan, control, status, stop
        self._nodes = {spec.name: Node(spec, control, status) for spec in specs}
        self._numbers = count(1)

    @property
    def names(self) -> tuple[str, ...]:
        return self._plan.names

    def node(self, name: str) -> Node:
        return self._nodes[name]

    def start(self, announce: Callable[[str], None]) -> None:
        """Everything of the plan that is there from the start, each waited for by its own protocol."""
        plan, control = self._plan, self._control
        control.ask("network", names=[HARNESS_PLACE, *plan.names, *plan.neighbours])
        control.ask("ufs", seed=plan.seed, keys=plan.workload.keys, file_bytes=plan.workload.file_bytes)
        for groups in filter(None, (plan.etcd.members, plan.workers, plan.neighbours, plan.clients)):
            began_s = time.monotonic()
            self._start_all(groups)
            if groups is plan.etcd.members:
                self._start_all(roles.PROGRAMS)
            self._wait_ready(groups)
            announce(f"{_plural(groups)} {time.monotonic() - began_s:.2f} s")
        who = (WORKLOAD, OPERATOR)
        self.seconds_until(f"{' and '.join(who)} listen", lambda: self._status.count("ready") == len(who), _READY_S)

    def grow(self, plan: Plan, specs: Iterable[Spec]) -> None:
        """Make room for the nodes that this plan has beside those that are there; `specs` are of the plan."""
        new = [name for name in plan.names if name not in self._plan.names]
        if not new:
            return
        self._plan = plan
        self._status.grow(plan)
        self._nodes |= {spec.name: Node(spec, self._control, self._status) for spec in specs if spec.name in new}
        self._control.ask("network", names=new)
        self.node(OBSERVER).tell("watch", names=new)

    def publish(self, doors: Mapping[tuple[str, int], int], log: Path) -> None:
        """Let whoever connects to a listener, by its descriptor, reach a port of a node, until the sandbox ends."""
        self._control.publish(list(doors), list(doors.values()), log)

    def pids_outside(self) -> dict[int, int]:
        """See `Control.pids_outside`."""
        return self._control.pids_outside()

    def namespaces_of(self, name: str) -> dict[str, int]:
        """Descriptors of what a node lives in: `user`, `mnt`, `pid` and `net`; whoever asks closes them."""
        return self._control.namespaces_of(name)

    def stop(self) -> list[str]:
        """
        TERM, then KILL, the observer first so that its log ends with the run; the sandbox goes last, and whoever
        publishes ports with it. etcd gets KILL, for its members would wait for each other, and its data go with the
        sandbox.

        What of it is still on this machine.
        """
        try:
            for names in self._stop_order():
                self._end(names)
        except ClusterError:
            pass  # whoever does not obey, or is gone: what is left ends with the sandbox
        finally:
            self._control.quit()
        ledger = self._control.ledger
        try:
            with contextlib.suppress(NotReadyError):
                wait_until("an empty machine", lambda: not ledger.left_behind(), _KILLED_S)
            return ledger.left_behind()
        finally:
            ledger.close()

    def running(self) -> list[str]:
        return self._control.running()

    def cut(self, cuts: Cuts) -> frozenset[Link]:
        return self._links("cut", links_of(cuts))

    def mend(self, cuts: Cuts) -> frozenset[Link]:
        return self._links("mend", links_of(cuts))

    def passing(self, links: Collection[Link]) -> frozenset[Link]:
        return self._links("passing", links)

    def states(self) -> Mapping[str, State]:
        return self._status.membership()

    def showing(self, worker: str) -> tuple[str, ...]:
        return self._status.showing(worker)

    def leader(self) -> str:
        """The member of etcd last seen to lead, while it runs; else the next that does. Raises NotReadyError."""
        self.seconds_until("a leader of etcd", lambda: bool(self._status.leader()), _ELECTED_S)
        return self._status.leader()

    def remove(self, worker: str) -> None:
        revision = self._operate("remove-worker", id=self._plan.identities[worker]).value["revision"]
        self.seconds_until(f"{worker} removed", lambda: self._status.removed_at(worker) >= revision, _OPERATED_S)

    @property
    def prefixes(self) -> tuple[str, str]:
        name = Properties(self._plan.properties).text("alluxio.cluster.name")
        return registered_prefix(name), alive_prefix(name)

    def keys(self) -> frozenset[str]:
        return self._status.keys()

    def write(self, texts: Mapping[str, str]) -> None:
        self._operate("write", texts=dict(texts))

    def erase(self, keys: Iterable[str]) -> None:
        self._operate("erase", keys=list(keys))

    def compact(self, keep: int) -> bool:
        return bool(self._operate("compact", keep=keep).value["refused"])

    def wait(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Interrupted("the run is being stopped")

    def seconds_until(
        self, what: str, probe: Callable[[], bool], timeout_s: float, last_seen: Callable[[], str] = str
    ) -> float:
        return wait_until(what, probe, timeout_s * self._plan.time_scale, self._stop, last_seen)

    def _start_all(self, names: Iterable[str]) -> None:
        for keeper, nodes in self._kept(names):
            for first in range(0, len(nodes), _STARTED_AT_ONCE):
                some = nodes[first : first + _STARTED_AT_ONCE]
                keeper.ask("start", specs=[node.spec.to_json() for node in some])

    def _kept(self, names: Iterable[str]) -> list[tuple[Remote, list[Node]]]:
        """Some nodes by who keeps them."""
        kept = dict[Remote, list[Node]]()
        for name in names:
            kept.setdefault(self._nodes[name].keeper, []).append(self._nodes[name])
        return list(kept.items())

    def _wait_ready(self, names: Collection[str]) -> None:
        def all_ready() -> bool:
            return all(self._status.is_ready(name) for name in names)

        def unready() -> str:
            missing = [name for name in names if not self._status.is_ready(name)]
            return f"{few(missing, _SHOWN)} not ready"

        self.seconds_until(f"start of {_plural(names)}", all_ready, _READY_S + _READY_EACH_S * len(names), unready)

    def _stop_order(self) -> list[list[str]]:
        running = self.running()
        programs = roles.PROGRAMS
        etcd = list(self._plan.etcd.members)
        others = [name for name in running if name in self._nodes and name not in (*programs, *etcd)]
        return [[n for n in group if n in running] for group in (programs, others, etcd)]

    def _end(self, names: Collection[str]) -> None:
        for signals, patience_s in _AT_ONCE if set(names) <= set(self._plan.etcd.members) else _POLITELY:
            for keeper, nodes in self._kept(set(names) & set(self.running())):
                keeper.ask("signal", names=[node.name for node in nodes], signals=signals)
            most_s = patience_s + _STOP_EACH_S * len(names)
            with contextlib.suppress(NotReadyError):
                wait_until(f"end of {_plural(names)}", lambda: not set(names) & set(self.running()), most_s)
                return

    def _operate(self, do: str, **fields: Any) -> Op:
        """Have the operator do it; how it ended. Raises ClusterError where etcd refused or nobody knows."""
        number, said = next(self._numbers), self._status.answer
        self.node(OPERATOR).tell(do, number=number, **fields)
        self.seconds_until(f"{do} by the operator", lambda: said(number) is not None, _OPERATED_S)
        answer = said(number)
        if answer is None or answer.type != "ok":
            raise ClusterError(answer.error or do if answer else do)
        return answer

    def _links(self, do: str, links: Collection[Link]) -> frozenset[Link]:
        return frozenset((a, b) for a, b in self._control.ask(do, links=sorted(links)))


def _plural(names: Collection[str]) -> str:
    first = next(iter(names), "nothing")
    return first if len(names) == 1 else f"{len(names)} {first.rpartition('-')[0]}s"
