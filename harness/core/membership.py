"""
Who is in the cluster: what the keys in etcd are called, and what they amount to.

A worker has a *registered* key, which stays until it is removed, and while its lease lives an *alive* key. A view is
what both say at one revision: online is registered and alive, offline is registered only.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any

from harness.core.entity import NetAddress, WorkerEntity, decode
from harness.core.identity import WorkerId
from harness.errors import EntityError

_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")
_RECORDS_KEPT = 8192
"""Values that were read lately: of a thousand members one has changed, and all are in the next view."""

Records = dict[str, WorkerEntity | None]
"""What each key's value says; None for one that cannot be read."""


def registered_prefix(cluster: str) -> str:
    """With a slash at its end, without which cluster `a` would see the members of `ab` (as Alluxio's alive ones)."""
    return f"/DHT/{cluster}/AUTHORIZED/"


def alive_prefix(cluster: str) -> str:
    return f"/ServiceDiscovery/{cluster}/"


def registered_key(cluster: str, worker: WorkerId) -> str:
    return f"{registered_prefix(cluster)}{worker}"


def alive_key(cluster: str, worker: WorkerId) -> str:
    return f"{alive_prefix(cluster)}{worker}"


@dataclass(frozen=True, slots=True)
class Member:
    """A registered worker. The address is that of its alive value while it is online, of its registered one after."""

    id: WorkerId
    address: NetAddress
    is_online: bool


@dataclass(frozen=True)
class View:
    """
    The members at one revision, in the order of sorted ids, which is that of etcd's keys.

    `rejected` are the keys, sorted, whose values count for nothing: unreadable, or of an identity that another key has.
    """

    revision: int
    members: tuple[Member, ...] = ()
    rejected: tuple[str, ...] = ()

    @cached_property
    def online(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.is_online)

    @cached_property
    def offline(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if not member.is_online)

    def on_ring(self, is_dynamic: bool) -> tuple[WorkerId, ...]:
        """The identities that make up the ring: those online on a dynamic ring, else all that are registered."""
        return tuple(member.id for member in (self.online if is_dynamic else self.members))

    @cached_property
    def content(self) -> dict[str, Any]:
        """Everything but the revision, as JSON: `{"online":{ID:"host:port"},"offline":{...},"rejected":[KEY]}`."""
        return {
            "online": {str(member.id): member.address.http for member in self.online},
            "offline": {str(member.id): member.address.http for member in self.offline},
            "rejected": list(self.rejected),
        }

    @cached_property
    def digest(self) -> str:
        """16 hex digits that are equal when the content is, whatever the revision."""
        return sha256(json.dumps(self.content).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """The value of a `view` op, without the process it came from."""
        return {"revision": self.revision, **self.content}


def view_of(
    cluster: str, revision: int, registered: Iterable[tuple[str, bytes]], alive: Iterable[tuple[str, bytes]]
) -> View:
    """
    What the keys and values under both prefixes, read together at `revision`, amount to.

    No value is an error: one that cannot be read is rejected and leaves the others alone. Of several keys with one
    identity that counts whose name is the identity's, else the first; an alive key of an unregistered identity is
    nobody's.
    """
    return _view(cluster, revision, _read(registered), _read(alive))


class Replay:
    """
    A cluster's view at the newest revision, folded from etcd's log as it is recorded: puts, deletes and snapshots.

    Keys of other clusters advance the revision only. An event that a snapshot already holds (its revision is not
    above the snapshot's) changes nothing, and neither does a snapshot older than the newest event.
    """

    def __init__(self, cluster: str) -> None:
        self.cluster = cluster
        self.revision = 0
        self._snapshot_revision = 0
        self._registered: Records = {}
        self._alive: Records = {}
        self._view: View | None = None

    def put(self, key: str, revision: int, text: str) -> None:
        self._event(key, revision, lambda keys: keys.__setitem__(key, _entity(bytes_of(text))))

    def delete(self, key: str, revision: int) -> None:
        self._event(key, revision, lambda keys: keys.pop(key, None))

    def snapshot(self, revision: int, kvs: Iterable[Mapping[str, Any]]) -> None:
        """`kvs` are those of a `snapshot` op: all keys under the prefixes at `revision`, each with `key` and `text`."""
        if revision < self.revision:
            return
        self.revision = self._snapshot_revision = revision
        self._registered, self._alive, self._view = {}, {}, None
        for kv in kvs:
            if (keys := self._keys(kv["key"])) is not None:
                keys[kv["key"]] = _entity(bytes_of(kv["text"]))

    def view(self) -> View:
        """The view at `revision`; rebuilt only when a key of the cluster changed."""
        if self._view is None:
            self._view = _view(self.cluster, self.revision, self._registered, self._alive)
        elif self._view.revision != self.revision:
            self._view = replace(self._view, revision=self.revision)
        return self._view

    def keys(self) -> frozenset[str]:
        """All keys of the cluster, whatever their values."""
        return frozenset((*self._registered, *self._alive))

    def _event(self, key: str, revision: int, change: Callable[[Records], object]) -> None:
        if revision <= self._snapshot_revision:
            return
        self.revision = max(self.revision, revision)
        if (keys := self._keys(key)) is not None:
            change(keys)
            self._view = None

    def _keys(self, key: str) -> Records | None:
        """The keys that `key` stands among; None when it is not of this cluster."""
        if key.startswith(registered_prefix(self.cluster)):
            return self._registered
        return self._alive if key.startswith(alive_prefix(self.cluster)) else None


def text_of(value: bytes) -> str:
    r"""A key or value as text: UTF-8, an undecodable byte as \xNN, a backslash before what looks like that as \x5c."""
    return _ESCAPE.sub(rb"\\x5cx\1", value).decode(errors="backslashreplace")


def bytes_of(text: str) -> bytes:
    """The bytes that `text_of` was given."""
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), text.encode())


def whose(text: str) -> WorkerId | None:
    """The identity that a value, as text, is a record of; None for one that cannot be read."""
    entity = _entity(bytes_of(text))
    return entity.id if entity else None


def _read(kvs: Iterable[tuple[str, bytes]]) -> Records:
    return {key: _entity(value) for key, value in kvs}


@lru_cache(_RECORDS_KEPT)
def _entity(value: bytes) -> WorkerEntity | None:
    try:
        return decode(value)
    except EntityError:
        return None


def _view(cluster: str, revision: int, registered: Records, alive: Records) -> View:
    members, rejected = _by_identity(registered_prefix(cluster), registered)
    living, rejected_alive = _by_identity(alive_prefix(cluster), alive)
    found = [Member(worker, living.get(worker, address), worker in living) for worker, address in members.items()]
    return View(revision, _in_order(found), tuple(sorted(rejected + rejected_alive)))


def _by_identity(prefix: str, read: Records) -> tuple[dict[WorkerId, NetAddress], list[str]]:
    """The address of each identity, and the keys that count for nothing."""
    keys: dict[WorkerId, str] = {}
    rejected = []
    for key, entity in sorted(read.items(), key=lambda item: item[0]):
        if entity is None:
            rejected.append(key)
        elif entity.id not in keys:
            keys[entity.id] = key
        elif key == f"{prefix}{entity.id}":
            rejected.append(keys[entity.id])
            keys[entity.id] = key
        else:
            rejected.append(key)
    return {entity.id: entity.address for key in keys.values() if (entity := read[key])}, rejected


def _in_order(members: Iterable[Member]) -> tuple[Member, ...]:
    return tuple(sorted(members, key=lambda member: str(member.id)))
