"""
etcd's log, as the observer's watch delivered it, and whether it may be trusted: every snapshot must agree with it, and
every put tell as the key's history what the log has of it.

One watch spans both prefixes, so events come in the order of their revisions, those of one together. But a node may see
a revision before the observer does. What members there were at a revision is therefore asked after the last op, and
only up to the last snapshot, which no event can be missing before.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from harness.checks.fold import Fold
from harness.core.few import few
from harness.core.history import Op
from harness.core.membership import Replay, View, alive_prefix, registered_prefix

_KEYS_TOLD = 3


class Event(NamedTuple):
    """A put, or a delete, whose `text` is None."""

    revision: int
    key: str
    text: str | None
    lease: int = 0
    create_revision: int = 0
    version: int = 0


class EtcdLog(Fold):
    def __init__(self, cluster: str) -> None:
        self.cluster = cluster
        self.registered = registered_prefix(cluster)
        self.alive = alive_prefix(cluster)
        self.puts: dict[str, Op] = {}
        """The put that each key stems from, as delivered so far; no entry for keys that were deleted."""
        self.undone: Op | None = None
        """The put that the last delete undid."""
        self.snapshots: list[Op] = []
        self._events: list[Event] = []

    def on_put(self, op: Op) -> None:
        self.puts[op.value["key"]] = op
        self._events.append(_event(op.value))

    def on_delete(self, op: Op) -> None:
        self.undone = self.puts.pop(op.value["key"], None)
        self._events.append(Event(op.value["revision"], op.value["key"], None))

    def on_snapshot(self, op: Op) -> None:
        self.snapshots.append(op)

    @property
    def first_revision(self) -> int:
        return int(self.snapshots[0].value["revision"]) if self.snapshots else 0

    @property
    def last_revision(self) -> int:
        """No event up to here is missing, if `problem` finds none."""
        return int(self.snapshots[-1].value["revision"]) if self.snapshots else 0

    def problem(self) -> str:
        """Why the log cannot be trusted; empty when the snapshot at its end agrees with it, and any before."""
        if len(self.snapshots) < 2:
            return "no snapshot of etcd was taken at the end, so nobody knows whether its log is complete"
        events = self._in_order()
        state: dict[str, Event] = {kv["key"]: _event(kv) for kv in self.snapshots[0].value["kvs"]}
        at = 0
        for snapshot in self.snapshots[1:]:
            while at < len(events) and events[at].revision <= snapshot.value["revision"]:
                if lost := _gap_before(events[at], state.get(events[at].key)):
                    return lost
                _apply(state, events[at])
                at += 1
            if wrong := _disagreement(state, snapshot):
                return wrong
        return ""

    def views(self, revisions: Iterable[int]) -> Iterator[View]:
        """What the members were at each of these revisions, ascending; from `first_revision` to `last_revision`."""
        if not self.snapshots:
            return
        replay = Replay(self.cluster)
        replay.snapshot(self.first_revision, self.snapshots[0].value["kvs"])
        events = self._in_order()
        at = 0
        for revision in revisions:
            while at < len(events) and events[at].revision <= revision:
                key, changed_at, text = events[at].key, events[at].revision, events[at].text
                if text is None:
                    replay.delete(key, changed_at)
                else:
                    replay.put(key, changed_at, text)
                at += 1
            yield replay.view()

    def states(self, revisions: Iterable[int]) -> Iterator[Mapping[str, Event]]:
        """All keys at each of these revisions, ascending; each is to be looked at before the next is asked for."""
        if not self.snapshots:
            return
        state = {kv["key"]: _event(kv) for kv in self.snapshots[0].value["kvs"]}
        events = self._in_order()
        at = 0
        for revision in revisions:
            while at < len(events) and events[at].revision <= revision:
                _apply(state, events[at])
                at += 1
            yield state

    def last_view(self) -> View:
        """What the last snapshot says the members are."""
        replay = Replay(self.cluster)
        replay.snapshot(self.last_revision, self.snapshots[-1].value["kvs"])
        return replay.view()

    def removals(self, key: str) -> list[int]:
        """The revisions at which a key was deleted."""
        return [event.revision for event in self._events if event.key == key and event.text is None]

    def changes(self) -> dict[str, list[int]]:
        """The revisions, ascending, at which each key was put or deleted."""
        found: dict[str, list[int]] = {}
        for event in self._in_order():
            found.setdefault(event.key, []).append(event.revision)
        return found

    def _in_order(self) -> list[Event]:
        return sorted(
            (event for event in set(self._events) if event.revision > self.first_revision),
            key=lambda event: (event.revision, event.key, event.text is not None),
        )


def _event(kv: dict[str, Any]) -> Event:
    return Event(kv["revision"], kv["key"], kv["text"], kv["lease"], kv["create_revision"], kv["version"])


def _gap_before(event: Event, last: Event | None) -> str:
    """What the log must have missed of a key, for etcd tells with every put how many there were, and since when."""
    follows = (last.create_revision, last.version + 1) if last else (event.revision, 1)
    if event.text is None or follows == (event.create_revision, event.version):
        return ""
    return f"the observer's watch missed what happened to {event.key} before revision {event.revision}"


def _apply(state: dict[str, Event], event: Event) -> None:
    if event.text is None:
        state.pop(event.key, None)
    else:
        state[event.key] = event


def _disagreement(state: dict[str, Event], snapshot: Op) -> str:
    found = {kv["key"]: _event(kv) for kv in snapshot.value["kvs"]}
    keys = sorted(key for key in {*found, *state} if found.get(key) != state.get(key))
    if not keys:
        return ""
    revision, told = snapshot.value["revision"], few(keys, _KEYS_TOLD)
    return f"the observer's watch and the snapshot at revision {revision} differ on {told}"
