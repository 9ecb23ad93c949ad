"""The ring of 1000 workers with 2000 vnodes each: built, changed by one member, and asked for owners."""

from collections.abc import Iterator
from random import Random
from statistics import median

import mmh3

from harness.core.identity import WorkerId
from harness.core.ring import Ring, key_point
from tests.bench.frame import Row, cpu_s, in_turns

_WORKERS, _VNODES, _ROUNDS = 1000, 2000, 5
_KEYS = [f"file:///ufs/key-{number:05}" for number in range(50_000)]
_ALLUXIOS_S = 1.8
"""What Alluxio's `ConsistentHashProvider` takes for such a ring, in Java, on another machine: 1.7 to 1.9 s."""


def rows() -> Iterator[Row]:
    random = Random(7)
    ids = sorted(WorkerId(1, random.randbytes(16)) for _ in range(_WORKERS))
    fewer = [*ids[:500], *ids[501:]]
    ring, less = Ring.build(ids, _VNODES), Ring.build(fewer, _VNODES)
    built_s = median(cpu_s(lambda: _built(ids)) for _ in range(_ROUNDS))
    plain_s = cpu_s(lambda: _plain(ids))
    yield Row(f"a ring of {_WORKERS} x {_VNODES}", built_s, "s CPU", "a loop over mmh3", plain_s, at_most=0.25)
    yield Row(f"a ring of {_WORKERS} x {_VNODES} (Java's, elsewhere)", built_s, "s CPU", "Alluxio's", _ALLUXIOS_S)
    yield _changed("one of 1000 leaves", ring, fewer)
    yield _changed("one joins 999", less, ids)
    asked_s, hashed_s = in_turns(
        _ROUNDS, lambda: cpu_s(lambda: [*map(ring.owner, _KEYS)]), lambda: cpu_s(lambda: [*map(key_point, _KEYS)])
    )
    rate, of_hashes = (len(_KEYS) / median(taken_s) for taken_s in (asked_s, hashed_s))
    yield Row("owners of keys", rate, "keys/s", "hashing them alone", of_hashes)


def _changed(what: str, ring: Ring, ids: list[WorkerId]) -> Row:
    changed_s, anew_s = in_turns(_ROUNDS, lambda: cpu_s(lambda: ring.changed(ids)), lambda: cpu_s(lambda: _built(ids)))
    return Row(what, median(changed_s), "s CPU", "a ring built anew", median(anew_s), at_most=0.1)


def _built(ids: list[WorkerId]) -> Ring:
    return Ring.build(ids, _VNODES)


def _plain(ids: list[WorkerId]) -> dict[int, WorkerId]:
    """The points in order, with their owners."""
    placed = {}
    for worker in ids:
        prefix = worker.identifier + worker.version.to_bytes(4, "little")
        for index in range(_VNODES):
            placed[mmh3.hash(prefix + index.to_bytes(4, "little"))] = worker
    return dict(sorted(placed.items()))
