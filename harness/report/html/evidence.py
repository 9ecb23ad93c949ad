"""What stands behind a violation: the ring by each view and by etcd, the faults open then, and what nodes logged."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.checks.fold import Fold
from harness.core.history import Op
from harness.core.identity import WorkerId
from harness.core.membership import Replay
from harness.core.plan import Plan
from harness.core.properties import Properties
from harness.core.ring import Ring
from harness.errors import EntityError
from harness.report.course import FaultRow
from harness.report.result import Result

_CANDIDATES = 3
_KEYS_MAX = 20_000
_BEFORE_S, _AFTER_S = 1.5, 0.5
_LINES_MAX, _NODES_MAX, _CHARACTERS = 8, 6, 400
_STAMP = re.compile(r"(\d{1,9}\.\d{3}) ")
_ETCD_STAMP = re.compile(r'"ts":"([0-9T:.+-]+Z?)"')

Place = tuple[int, str, str]
"""What tells one op of a violation from all others: time_ns, actor, f."""


@dataclass(frozen=True)
class RingRow:
    """
    The owner of a key by one side's members: `whose` it is, at which revision, `candidates` the first of whom should be
    its owner, `took` whom the side took for it (None for etcd, which takes nobody).
    """

    key: str
    whose: str
    revision: int
    members: tuple[str, ...]
    candidates: tuple[str, ...]
    took: str | None


@dataclass(frozen=True)
class LogLine:
    node: str
    at_s: float
    text: str


def place_of(op: Mapping[str, Any]) -> Place:
    """Of an op in a result."""
    return op["time_ns"], op["actor"], op["f"]


def ops_in(result: Result) -> Iterator[dict[str, Any]]:
    for row in result.invariants:
        for violation in row.violations:
            yield from violation["ops"]


class Rings(Fold):
    """Keeps the views that lookups and reads of violations were made with, and what etcd held at their revisions."""

    def __init__(self, plan: Plan, result: Result) -> None:
        properties = Properties(plan.properties)
        self._cluster = properties.text("alluxio.cluster.name")
        self._is_dynamic = properties.bool("alluxio.user.dynamic.consistent.hash.ring.enabled")
        self._vnodes = properties.int(
            "alluxio.user.worker.selection.policy.consistent.hash.virtual.node.count.per.worker"
        )
        self._names = {identity: name for name, identity in plan.identities.items()}
        self._wanted = {place_of(op) for op in ops_in(result) if "owner" in op["value"]}
        self._actors = {actor for _, actor, _ in self._wanted}
        self._views: dict[str, Mapping[str, Any]] = {}
        self._with: dict[Place, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
        self._log: list[Op] = []
        self._room = _KEYS_MAX
        self._built: dict[tuple[str, ...], Ring] = {}

    def on_view(self, op: Op) -> None:
        if op.actor in self._actors:
            self._views[op.actor] = op.value

    def on_lookup(self, op: Op) -> None:
        place = op.time_ns, op.actor, op.f
        if place in self._wanted and op.actor in self._views:
            self._with[place] = op.value, self._views[op.actor]

    on_read = on_lookup

    def on_put(self, op: Op) -> None:
        self._keep(op, 1)

    on_delete = on_put

    def on_snapshot(self, op: Op) -> None:
        self._keep(op, 1 + len(op.value["kvs"]))

    def of(self, ops: Iterable[Mapping[str, Any]]) -> list[RingRow]:
        """A row for each lookup or read among the ops, and one for etcd at each of their revisions."""
        rows: dict[RingRow, None] = {}
        for op in ops:
            if (found := self._with.get(place_of(op))) is not None:
                value, view = found
                members = (*view["online"], *(() if self._is_dynamic else view["offline"]))
                mine = self._row(value["key"], f"{op['actor']}'s view", view["revision"], members, value["owner"])
                rows[mine] = None
                held = self._held(view["revision"])
                if held is not None:
                    rows[self._row(value["key"], "etcd", view["revision"], held, None)] = None
        return list(rows)

    def _keep(self, op: Op, size: int) -> None:
        """Where there is too much it ends there: what comes later is not known."""
        self._room -= size
        if self._wanted and self._room >= 0:
            self._log.append(op)

    def _held(self, revision: int) -> tuple[str, ...] | None:
        """The ring's members by etcd's records; None beyond what the log covers, which a snapshot begins."""
        if not self._log or self._log[0].f != "snapshot" or revision < self._log[0].value["revision"]:
            return None
        if revision > max(op.value["revision"] for op in self._log):
            return None
        replay = Replay(self._cluster)
        for op in self._log:
            if op.value["revision"] <= revision:
                _apply(replay, op.f, op.value)
        return tuple(map(str, replay.view().on_ring(self._is_dynamic)))

    def _row(self, key: str, whose: str, revision: int, members: Iterable[str], took: str | None) -> RingRow:
        members = tuple(sorted(members, key=str.encode))
        named = tuple(sorted(map(self._who, members)))
        return RingRow(key, whose, revision, named, self._candidates(key, members), took and self._who(took))

    def _candidates(self, key: str, members: tuple[str, ...]) -> tuple[str, ...]:
        """Nobody where there are no members, or one of them has no identity that can be read."""
        try:
            ring = self._built.get(members) or Ring.build(map(WorkerId.parse, members), self._vnodes)
            owners = ring.owners(key, _CANDIDATES)
        except (EntityError, LookupError):
            return ()
        self._built = {members: ring}
        return tuple(self._who(str(owner)) for owner in owners)

    def _who(self, identity: str) -> str:
        return self._names.get(identity, identity)


def _apply(replay: Replay, f: str, value: Mapping[str, Any]) -> None:
    match f:
        case "put":
            replay.put(value["key"], value["revision"], value["text"])
        case "delete":
            replay.delete(value["key"], value["revision"])
        case "snapshot":
            replay.snapshot(value["revision"], value["kvs"])


def open_at(faults: Iterable[FaultRow], at_s: float) -> list[FaultRow]:
    """The faults that were begun by then and whose heal, if any, was not."""
    return [
        row
        for row in faults
        if row.at_s is not None and row.at_s <= at_s and (row.until_s is None or at_s <= row.until_s)
    ]


def moment_of(violation: Mapping[str, Any]) -> float | None:
    """When it was seen: at its last op, in seconds since the run phase began."""
    return max((op["at_s"] for op in violation["ops"]), default=None)


def nodes_of(violation: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Nodes that a violation is about: those that acted first, then those its sentence names."""
    words = re.findall(r"[A-Za-z0-9][\w.-]*", violation["text"])
    said = dict.fromkeys([*(op["actor"] for op in violation["ops"]), *(word.rstrip(".") for word in words)])
    return [name for name in said if name in names][:_NODES_MAX]


def lines_around(
    moments: Sequence[tuple[float, Collection[str]]], read: Callable[[str], Iterable[str]], zero_ns: int, wall_s: float
) -> list[list[LogLine]]:
    """
    For each moment, with its nodes, what they logged a little before and after: of each node the lines nearest to it,
    in time order. Every log is read once.

    `wall_s` is the wall clock when the run phase began, by which etcd stamps its lines.
    """
    found: list[list[LogLine]] = [[] for _ in moments]
    for node in dict.fromkeys(node for _, nodes in moments for node in nodes):
        wanted = {number: at_s for number, (at_s, nodes) in enumerate(moments) if node in nodes}
        near: dict[int, list[LogLine]] = {number: [] for number in wanted}
        for line in _stamped(node, read(node), zero_ns, wall_s):
            for number, at_s in wanted.items():
                if -_BEFORE_S <= line.at_s - at_s <= _AFTER_S:
                    near[number] = _nearest([*near[number], line], at_s)
        for number, lines in near.items():
            found[number] += lines
    return [sorted(lines, key=lambda line: line.at_s) for lines in found]


def _nearest(lines: list[LogLine], at_s: float) -> list[LogLine]:
    """All but the one farthest away, where there are too many."""
    if len(lines) > _LINES_MAX:
        lines.remove(max(lines, key=lambda line: abs(line.at_s - at_s)))
    return lines


def _stamped(node: str, lines: Iterable[str], zero_ns: int, wall_s: float) -> Iterator[LogLine]:
    """A line without a stamp, as in a traceback, goes with the one before."""
    at_s: float | None = None
    for line in lines:
        text = line.rstrip("\n")
        if found := _STAMP.match(text):
            at_s, text = float(found[1]) - zero_ns / 1e9, text[found.end() :]
        elif (wall := _ETCD_STAMP.search(text)) is not None:
            at_s, text = _wall(wall[1], wall_s, at_s), _etcd_text(text)
        if at_s is not None:
            short = text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 3]}..."
            yield LogLine(node, round(at_s, 3), short.removeprefix(f"{node} "))


def _wall(stamp: str, wall_s: float, otherwise: float | None) -> float | None:
    try:
        return datetime.fromisoformat(stamp).timestamp() - wall_s
    except ValueError:
        return otherwise


def _etcd_text(line: str) -> str:
    """etcd's lines are JSON: level and message first, then what else it says."""
    try:
        row = json.loads(line)
        rest = {name: value for name, value in row.items() if name not in ("level", "ts", "caller", "msg")}
        return f"{row['level']} {row['msg']}{' ' + json.dumps(rest) if rest else ''}"
    except (ValueError, KeyError, TypeError):
        return line
