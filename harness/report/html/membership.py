"""Who was a member when: by their process, by etcd's keys, and as each observer saw it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.checks.fold import Fold
from harness.core.history import OBSERVER, Op
from harness.core.membership import alive_prefix, registered_prefix, whose
from harness.core.plan import Plan
from harness.core.properties import Properties

UNKNOWN, ABSENT, OFFLINE, ONLINE = "unknown", "absent", "offline", "online"
DOWN, PAUSED, RUNS = "down", "paused", "runs"
OBSERVERS_MAX, STRANGERS_MAX, CHANGES_MAX = 12, 20, 1000
PROCESS, ETCD = "its process", "etcd's keys"


@dataclass
class Line:
    """One row: `changes` are (time_ns, state from then on); `left_out` changes beyond the most a row may hold."""

    first: str
    changes: list[tuple[int, str]] = field(default_factory=list)
    left_out: int = 0

    @property
    def now(self) -> str:
        return self.changes[-1][1] if self.changes else self.first

    def becomes(self, state: str, time_ns: int) -> None:
        if state == self.now:
            return
        if len(self.changes) < CHANGES_MAX:
            self.changes.append((time_ns, state))
        else:
            self.left_out += 1


class Membership(Fold):
    """
    `lines` are by worker and then by who tells: its process, etcd's keys, or an observer.

    Of many observers the first few of `wanted` are followed, then clients, then workers. A worker that is in no plan,
    as it may stand in etcd, is told by its identity. etcd's keys are told as its watch was heard; one whose value is no
    record of a worker, as `corrupt` puts them, makes nobody a member.
    """

    def __init__(self, plan: Plan, wanted: Iterable[str] = ()) -> None:
        everyone = dict.fromkeys((*plan.clients, *plan.workers, *plan.joiners))
        chosen = dict.fromkeys((*(name for name in wanted if name in everyone), *everyone))
        self.observers_left_out = max(0, len(chosen) - OBSERVERS_MAX)
        self.observers = tuple(name for name in everyone if name in list(chosen)[:OBSERVERS_MAX])
        self.lines: dict[str, dict[str, Line]] = {name: {} for name in (*plan.workers, *plan.joiners)}
        self._names = {identity: name for name, identity in plan.identities.items()}
        self._strangers = 0
        cluster = Properties(plan.properties).text("alluxio.cluster.name")
        self._prefixes = registered_prefix(cluster), alive_prefix(cluster)
        self._registered: dict[str, str] = {}
        self._alive: dict[str, str] = {}
        self._shown: dict[str, dict[str, str]] = {}

    def on_start(self, op: Op) -> None:
        self._process(op, RUNS)

    def on_exit(self, op: Op) -> None:
        self._process(op, DOWN)
        if op.actor == OBSERVER:
            for identity in self._names:
                self._becomes(identity, ETCD, UNKNOWN, op)
        for worker in self._shown.pop(op.actor, {}):
            self._becomes(worker, op.actor, UNKNOWN, op)

    def on_signal(self, op: Op) -> None:
        if op.value["signal"] == "STOP" and op.type == "ok":
            self._process(op, PAUSED)
        elif op.value["signal"] == "CONT" and op.type == "invoke":
            self._process(op, RUNS)

    def on_view(self, op: Op) -> None:
        self._sees(op, {**dict.fromkeys(op.value["offline"], OFFLINE), **dict.fromkeys(op.value["online"], ONLINE)})

    def on_members(self, op: Op) -> None:
        """A guest tells only whom it sends requests to."""
        self._sees(op, dict.fromkeys(op.value["members"], ONLINE))

    def _sees(self, op: Op, states: dict[str, str]) -> None:
        if op.actor not in self.observers:
            return
        before = self._shown.get(op.actor)
        if states == before:
            return
        self._shown[op.actor] = states
        missing = {*(before or {}), *(self._names if before is None else ())} - states.keys()
        for worker, state in {**dict.fromkeys(missing, ABSENT), **states}.items():
            self._becomes(worker, op.actor, state, op)

    def on_put(self, op: Op) -> None:
        self._in_etcd(self._keep(op.value["key"], op.value["text"]), op)

    def on_delete(self, op: Op) -> None:
        self._in_etcd(self._keep(op.value["key"], None), op)

    def on_snapshot(self, op: Op) -> None:
        known = [*self._registered.values(), *self._alive.values()]
        self._registered.clear()
        self._alive.clear()
        now = [identity for kv in op.value["kvs"] for identity in self._keep(kv["key"], kv["text"])]
        self._in_etcd((*known, *now, *self._names), op)

    def _keep(self, key: str, text: str | None) -> list[str]:
        """The identities whose key it was and is; None deletes it."""
        for prefix, keys in zip(self._prefixes, (self._registered, self._alive), strict=True):
            if key.startswith(prefix):
                found = [keys.pop(key)] if key in keys else []
                if text is not None and (worker := whose(text)):
                    keys[key] = str(worker)
                    found.append(keys[key])
                return found
        return []

    def _in_etcd(self, identities: Iterable[str], op: Op) -> None:
        registered, alive = {*self._registered.values()}, {*self._alive.values()}
        for identity in dict.fromkeys(identities):
            state = (ONLINE if identity in alive else OFFLINE) if identity in registered else ABSENT
            self._becomes(identity, ETCD, state, op)

    def _process(self, op: Op, state: str) -> None:
        if op.actor in self.lines:
            self._line(op.actor, PROCESS, DOWN).becomes(state, op.time_ns)

    def _becomes(self, identity: str, teller: str, state: str, op: Op) -> None:
        worker = self._names.get(identity, identity)
        if worker not in self.lines:
            if self._strangers == STRANGERS_MAX or state == ABSENT:
                return
            self._strangers += 1
            self.lines[worker] = {}
        self._line(worker, teller, UNKNOWN).becomes(state, op.time_ns)

    def _line(self, worker: str, teller: str, first: str) -> Line:
        return self.lines[worker].setdefault(teller, Line(first))
