"""What can be asked of a cluster that stays: a method `do_...` is a word, and its arguments are what goes with it."""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.answers import Injected
from harness.cluster.etcd_server import endpoints
from harness.cluster.linux import identity_of
from harness.core.identity import WorkerId
from harness.core.lasting import PROCEDURES, is_for_good, lasts_s
from harness.core.properties import Properties, parse_duration
from harness.core.ring import Ring
from harness.daemon.doors import Doors
from harness.daemon.place import Facts, Place
from harness.daemon.server import Handed
from harness.daemon.spoken import spoken
from harness.daemon.watched import Watched
from harness.errors import ClusterError, HarnessError, InputError
from harness.hands import Hands
from harness.report.wording import step_text

_VNODES = "alluxio.user.worker.selection.policy.consistent.hash.virtual.node.count.per.worker"
_ROW_BYTES, _ROWS = 200, 3
_CANDIDATES = 3
JOIN = "join"
_OF_THE_DEAD = ("down",)
_NAMESPACES = ("user", "mnt", "pid", "net")


class Desk:
    """`hands` are on a cluster that runs; `watched` was shown all its ops; `engine` is the URL of its containers'."""

    def __init__(self, place: Place, hands: Hands, watched: Watched, doors: Doors, engine: str) -> None:
        self._place, self._name, self._hands, self._watched, self._doors = place, place.name, hands, watched, doors
        self._running, self._engine = hands.running, engine
        self._up_s = time.monotonic()
        self._joining = threading.Lock()
        self._last_ring: Ring | None = None
        self.notes = list[str]()
        self.is_judged = False
        self.is_over, self.is_down = threading.Event(), threading.Event()

    def word(self, do: str) -> Callable[..., Any]:
        """Raises InputError for none, ClusterError where the cluster has ended, and there is nothing to ask it."""
        if (why := self._running.why_ended()) and do not in _OF_THE_DEAD:
            raise ClusterError(f"{self._name} has ended: {why}; harness down --name {self._name} cleans up")
        found: Callable[..., Any] | None = getattr(self, f"do_{do}", None)
        if found is None:
            raise InputError(f"the daemon of {self._name} knows no {do!r}; it is of another version")
        return found

    # words

    def do_inject(self, fault: str, words: list[str], for_: str | None) -> dict[str, Any]:
        """A fault by its name; returns once it is in place, one that is a procedure once it is over."""
        injected = self._hands.begin(fault, spoken(fault, words), None if for_ is None else parse_duration(for_))
        if fault == JOIN:
            with self._joining:
                self._doors.open_all(self._hands.plan, self._running.cluster)
                self._watched.look_at(self._hands.plan, self._running.status)
                self.write_facts()
        lasts = lasts_s(injected.step)
        if fault in PROCEDURES:
            self._hands.wait_and_heal(injected)
        elif lasts is not None:
            threading.Thread(target=self._heal_later, args=(injected,), name="heal", daemon=True).start()
        return {
            "number": injected.index + 1,
            "told": step_text(injected.step),
            "lasts_s": lasts,
            **self._seen(injected),
        }

    def do_heal(self, numbers: list[int]) -> dict[str, Any]:
        """The faults of these numbers; without any all that are open but those that were meant for good."""
        there = self._running.injector.open()
        steps = self._hands.steps
        if unknown := [number for number in numbers if not 0 < number <= len(steps)]:
            raise InputError(f"there is no fault #{unknown[0]}; there were {len(steps)}")
        under_way = {index for index in there if self._running.injector.is_under_way(index)}
        if busy := under_way.intersection(number - 1 for number in numbers):
            raise InputError(f"{self._named(min(busy))} is under way; it can be healed once it is in place")
        there = [index for index in there if index not in under_way]
        wanted = [n - 1 for n in dict.fromkeys(numbers)] or [i for i in there if not is_for_good(steps[i])]
        healed = [index for index in wanted if index in there]
        self._hands.heal_all(healed)
        stays = [index for index in there if index not in healed and not numbers]
        told = {"was_healed": [n for n in wanted if n not in there], "stays": stays}
        named = {word: [self._named(index) for index in indexes] for word, indexes in told.items()}
        return {"healed": [self._healed(index) for index in healed], **named}

    def do_status(self) -> dict[str, Any]:
        view, running = self._running.status.view(), self._running
        owns, metrics, pids = self._shares(), _metrics(self._hands.run_dir.metrics, len(self._hands.plan.names)), {}
        with suppress(ClusterError):
            pids = running.cluster.pids_outside()
        nodes = [self._node(name, owns, metrics.get(name, {}), pids) for name in self._hands.plan.names]
        notes = [
            *self.notes,
            *self._watched.epitaphs.values(),
            *self._watched.notes,
            *filter(None, (self._hands.unwritten,)),
        ]
        return {
            "name": self._name,
            "up_s": time.monotonic() - self._up_s,
            "revision": view.revision,
            "run_dir": str(self._hands.run_dir.path.resolve()),
            "nodes": nodes,
            "faults": [self._open(index) for index in running.injector.open()],
            "notes": [*dict.fromkeys(notes)],
        }

    def do_ring(self) -> dict[str, Any]:
        owns, view = self._shares(), self._running.status.view()
        vnodes = self._properties.int(_VNODES)
        rows = [{"worker": self._who(id), "id": id, "owns": share, "vnodes": vnodes} for id, share in owns.items()]
        return {"revision": view.revision, "workers": rows}

    def do_where(self, key: str) -> dict[str, Any]:
        """Whose a key is by etcd's members, and what each client says that runs."""
        view, ring = self._running.status.view(), self._ring()
        candidates = [str(id) for id in ring.owners(key, _CANDIDATES)] if len(ring.ids) else []
        asked = [name for name in self._hands.clients if self._watched.standing(name)[0].process == "running"]
        with ThreadPoolExecutor(max(1, len(asked)), "where") as pool:
            says = dict(zip(asked, pool.map(lambda name: self._says(name, key), asked), strict=True))
        workers = [self._who(id) for id in candidates]
        doors = {name: door for name, door in self._doors.addresses.items() if name in workers}
        return {"key": key, "revision": view.revision, "candidates": workers, "clients": says, "doors": doors}

    def do_inside(self, node: str) -> Handed:
        """A node's namespaces: user, mnt, pid, net."""
        plan = self._hands.plan
        if node not in plan.names:
            raise InputError(f"no node is called {node!r}; there are {', '.join(plan.names)}")
        found = self._running.cluster.namespaces_of(node)
        return Handed({"etcd": endpoints(plan.etcd)}, [found[kind] for kind in _NAMESPACES])

    def do_doors(self) -> dict[str, str]:
        """Where nodes are reached from outside."""
        return self._doors.addresses

    def do_record(self) -> str:
        """Have all that was recorded so far, and what etcd holds, in the run's folder; where that is."""
        if self._watched.notes:
            raise ClusterError(f"the record is not whole: {self._watched.notes[-1]}")
        self._hands.sum_up()
        self._hands.write_down()
        self._running.flush()
        return str(self._hands.run_dir.path.resolve())

    def do_down(self, judged: bool) -> dict[str, Any]:
        """Returns when it is stopped; `judged` has it healed, and wait until views agree, before."""
        self.is_judged |= judged
        self.is_over.set()
        self.is_down.wait()
        run_dir = str(self._hands.run_dir.path.resolve())
        if self._watched.left is None:
            raise ClusterError(f"{self._name} is down, and nobody knows what is left of it; {run_dir}/logs may say why")
        return {"left": self._watched.left, "run_dir": run_dir}

    # what they need

    def write_facts(self) -> None:
        """What others may know without asking. Raises ClusterError."""
        run_dir, nodes = str(self._hands.run_dir.path.resolve()), list(self._hands.plan.names)
        self._place.write(Facts(identity_of(os.getpid()), run_dir, self._engine, nodes, self._doors.addresses))

    @property
    def _properties(self) -> Properties:
        return Properties(self._hands.plan.properties)

    def _heal_later(self, injected: Injected) -> None:
        try:
            self._hands.wait_and_heal(injected)
        except HarnessError as error:
            self.notes.append(f"{self._named(injected.index)}: {error}")

    def _seen(self, injected: Injected) -> dict[str, Any]:
        """What the injector has recorded of it."""
        proof = self._running.injector.proof(injected.index)
        return {"effect": proof.outcome, "after_s": proof.after_s, "detail": proof.detail}

    def _healed(self, index: int) -> dict[str, Any]:
        proof = self._running.injector.heal_proof(index)
        about = {"heal": proof.outcome, "after_s": proof.after_s, "detail": proof.detail} if proof else {}
        return {"told": self._named(index), **about}

    def _named(self, index: int) -> str:
        return f"#{index + 1} {step_text(self._hands.steps[index])}"

    def _open(self, index: int) -> dict[str, Any]:
        step, since_s, injector = self._hands.steps[index], self._hands.since_s(index), self._running.injector
        lasts = lasts_s(step)
        return {
            "number": index + 1,
            "told": step_text(step),
            "since_s": since_s,
            "heals_in_s": None if lasts is None else max(0.0, lasts - since_s),
            "is_for_good": is_for_good(step),
            "is_under_way": injector.is_under_way(index),
            "failed": injector.error(index),
        }

    def _node(
        self, name: str, owns: Mapping[str, float], metrics: Mapping[str, Any], pids: Mapping[int, int]
    ) -> dict[str, Any]:
        standing, since_s = self._watched.standing(name)
        pid = self._watched.pids.get(name)
        online, revision = self._running.status.seen(name)
        has_view = standing.process == "running" and name not in self._hands.plan.etcd.members
        return {
            "node": name,
            "state": standing.state,
            "process": standing.process,
            "since_s": since_s,
            "pid": None if pid is None else pids.get(pid, pid),
            **({} if pid is None else metrics),
            "owns": owns.get(self._hands.plan.identities.get(name, "")),
            "view": {"online": online, "revision": revision} if has_view else None,
            "door": self._doors.addresses.get(name),
        }

    def _ring(self) -> Ring:
        dynamic = self._properties.bool("alluxio.user.dynamic.consistent.hash.ring.enabled")
        ids = self._running.status.view().on_ring(dynamic)
        self._last_ring = (
            self._last_ring.changed(ids) if self._last_ring else Ring.build(ids, self._properties.int(_VNODES))
        )
        return self._last_ring

    def _shares(self) -> dict[str, float]:
        """Of the ring, by identity."""
        return {str(id): share for id, share in self._ring().shares().items()}

    def _says(self, client: str, key: str) -> dict[str, Any]:
        try:
            found = self._hands.lookup(key, client)
        except ClusterError as error:
            return {"error": str(error)}
        return {"owner": found.owner, "revision": found.revision}

    def _who(self, id: "str | WorkerId") -> str:
        names = {identity: name for name, identity in self._hands.plan.identities.items()}
        return names.get(str(id), str(id))


def _metrics(path: Path, nodes: int) -> dict[str, dict[str, Any]]:
    """The last of each node: the part of a core that it used between the last two samples, and its memory."""
    samples, last = dict[str, list[dict[str, Any]]](), _ROW_BYTES * _ROWS * max(nodes, 10)
    with suppress(OSError), path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - last))
        for line in file.read().splitlines():
            with suppress(ValueError):  # the first one is cut short
                row = json.loads(line)
                samples.setdefault(row["node"], []).append(row)
    return {name: _used(rows[-2:]) for name, rows in samples.items()}


def _used(rows: list[dict[str, Any]]) -> dict[str, Any]:
    first, last = rows[0], rows[-1]
    passed_s = (last["time_ns"] - first["time_ns"]) / 1e9
    cpu = (last["cpu_s"] - first["cpu_s"]) / passed_s if passed_s else None
    return {"cpu": cpu if cpu is None or cpu >= 0 else None, "memory_bytes": last["rss_bytes"]}
