"""
The consistent-hash ring: which worker owns a key, given the workers.

Point for point Alluxio's CONSISTENT policy. A worker stands on the ring once per *vnode*, at the hash of its identity
and the vnode's index; its address plays no part. A key belongs to the first vnode at or after its own hash, past the
last one to the first. Further owners come from hashing the key again with the next attempt number, not from walking
on, so a hundred attempts may find fewer than asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.core.hashing import murmur3_32, murmur3_32_pairs
from harness.core.identity import WorkerId

ATTEMPTS_MAX = 100
_LOW = 0xFFFFFFFF
_STEPS_MAX = 8
"""With so many members that came or went a ring is built anew: a step costs about a tenth of that."""


@dataclass(frozen=True, eq=False)
class Ring:
    """
    `points` are ascending and distinct; `owner_indexes` holds, for each, the place of its owner in `ids`. `beaten` are
    the vnodes whose point another one won, ascending: point << 32 | place of the owner.
    """

    ids: tuple[WorkerId, ...]
    vnodes: int
    points: NDArray[np.int32]
    owner_indexes: NDArray[np.int32]
    beaten: NDArray[np.int64]

    @classmethod
    def build(cls, ids: Iterable[WorkerId], vnodes: int) -> "Ring":
        """
        The ring of `ids`, `vnodes` of them each, in the order given: the last one wins a point that two hash to.

        Everyone must insert in the same order; ours is the order of etcd's keys, which is that of sorted ids.
        """
        ids = tuple(ids)
        hashes = vnode_points(ids, vnodes).ravel()
        # One sort for both: the point above, the place in insertion order below, so the last of a run wins.
        placed = np.sort(hashes.astype(np.int64) << 32 | np.arange(len(hashes)))
        points = (placed >> 32).astype(np.int32)
        wins = np.append(points[1:] != points[:-1], True)[: len(points)]
        owners = (placed & 0xFFFFFFFF) // max(vnodes, 1)
        beaten = placed[~wins] >> 32 << 32 | owners[~wins]
        return cls(ids, vnodes, points[wins], owners[wins].astype(np.int32), beaten)

    def changed(self, ids: Iterable[WorkerId]) -> "Ring":
        """What `build` makes of these ids, point for point; much faster where few of them came or went."""
        ids, mine = tuple(ids), set(self.ids)
        theirs = set(ids)
        left = [place for place, id in enumerate(self.ids) if id not in theirs]
        joined = [place for place, id in enumerate(ids) if id not in mine]
        ring = self
        if len(left) + len(joined) <= _STEPS_MAX and len(left) < len(self.ids):
            for place in reversed(left):
                ring = ring._without(place)
            for place in joined:
                ring = ring._with(ids[place], place)
        return ring if ring.ids == ids else Ring.build(ids, self.vnodes)

    def _without(self, place: int) -> "Ring":
        """One leaves; a point that others had lost to it goes to the last of them."""
        own = np.unique(vnode_points(self.ids[place : place + 1], self.vnodes))
        won = own[self.owner_indexes[self.points.searchsorted(own)] == place]
        beaten = self.beaten[self.beaten & _LOW != place]
        lost = (beaten >> 32).astype(np.int32)
        heirs = np.isin(lost, won) & np.append(lost[1:] != lost[:-1], True)[: len(lost)]
        freed = self.points.searchsorted(np.setdiff1d(won, lost[heirs]))
        points, owners = np.delete(self.points, freed), np.delete(self.owner_indexes, freed)
        owners[points.searchsorted(lost[heirs])] = beaten[heirs] & _LOW
        owners -= owners > place
        beaten = beaten[~heirs]
        ids = self.ids[:place] + self.ids[place + 1 :]
        return Ring(ids, self.vnodes, points, owners, beaten - (beaten & _LOW > place))

    def _with(self, id: WorkerId, place: int) -> "Ring":
        """One joins; where it meets another, the point is of the one that comes later in `ids`."""
        own = np.unique(vnode_points((id,), self.vnodes))
        at = self.points.searchsorted(own)
        is_new = self.points.take(at, mode="clip") != own
        points = np.insert(self.points, at[is_new], own[is_new])
        owners = np.insert(self.owner_indexes, at[is_new], -1)
        owners += owners >= place
        at = points.searchsorted(own)
        rivals = owners[at]
        owners[at] = np.maximum(rivals, place)
        lost = (own.astype(np.int64) << 32 | np.minimum(rivals, place))[~is_new]
        beaten = np.sort(np.append(self.beaten + (self.beaten & _LOW >= place), lost))
        return Ring((*self.ids[:place], id, *self.ids[place:]), self.vnodes, points, owners, beaten)

    def owner(self, key: str) -> WorkerId:
        """The worker that `key` belongs to. Raises LookupError on an empty ring."""
        return self._at(key_point(key))

    def owners(self, key: str, count: int) -> tuple[WorkerId, ...]:
        """Up to `count` distinct candidates for `key`, its owner first; maybe fewer. Raises as `owner` does."""
        found: dict[WorkerId, None] = {}
        for attempt in range(1, ATTEMPTS_MAX + 1):
            if len(found) >= min(count, max(len(self.ids), 1)):
                break
            found[self._at(key_point(key, attempt))] = None
        return tuple(found)

    def shares(self) -> dict[WorkerId, float]:
        """How much of all there is to hash to belongs to each, parts of 1; empty for an empty ring."""
        if not len(self.points):
            return {}
        gaps = np.diff(self.points.astype(np.int64), prepend=int(self.points[-1]) - (1 << 32))
        sums = np.bincount(self.owner_indexes, weights=gaps, minlength=len(self.ids))
        return {id: float(part) / (1 << 32) for id, part in zip(self.ids, sums, strict=True)}

    def _at(self, point: int) -> WorkerId:
        if not len(self.points):
            raise LookupError("the ring is empty: no worker can own a key")
        place = self.points.searchsorted(np.int32(point))  # an int of Python's would make numpy copy the whole ring
        return self.ids[self.owner_indexes.take(place, mode="wrap")]


def key_point(key: str, attempt: int = 1) -> int:
    """Where `key` falls. A lone surrogate, which has no UTF-8, counts as `?`, as Java encodes it."""
    return murmur3_32(key.encode(errors="replace") + attempt.to_bytes(4, "little", signed=True))


def vnode_points(ids: Sequence[WorkerId], vnodes: int) -> NDArray[np.int32]:
    """Where the vnodes stand: a row per worker, a column per index from 0."""
    hashes = np.empty((len(ids), vnodes), np.int32)
    for version in {worker.version for worker in ids}:
        rows = [row for row, worker in enumerate(ids) if worker.version == version]
        prefixes = b"".join(ids[row].identifier + version.to_bytes(4, "little") for row in rows)
        table = np.frombuffer(prefixes, np.uint8).reshape(len(rows), -1)
        hashes[rows] = murmur3_32_pairs(table, np.arange(vnodes, dtype=np.int32))
    return hashes
