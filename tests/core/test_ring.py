from bisect import bisect_left
from contextlib import contextmanager
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.hashing import murmur3_32, murmur3_32_pairs
from harness.core.identity import WorkerId
from harness.core.ring import ATTEMPTS_MAX, Ring, key_point
from tests.core.vectors import vectors, workers

DEFAULT, EDGES = vectors("ring_default"), vectors("ring_edges")
SEVERAL = workers(DEFAULT["worker_sets"]["uuid-10"])

ids = st.one_of(
    st.binary(min_size=16, max_size=16).map(lambda raw: WorkerId(1, raw)),
    st.binary(min_size=8, max_size=8).map(lambda raw: WorkerId(0, raw)),
)
sets_of_ids = st.sets(ids, min_size=1, max_size=6)
vnode_counts = st.integers(1, 20)
key_lists = st.lists(st.text(), min_size=1, max_size=30)


def indexes(among, owners):
    return [among.index(owner) for owner in owners]


def case_name(case):
    return "-".join(
        str(case[field]) for field in ("workers", "worker_set", "vnodes", "op", "removed", "count") if field in case
    )


@pytest.mark.parametrize("case", DEFAULT["cases"], ids=case_name)
def test_the_ring_is_alluxios(case):
    among = workers(DEFAULT["worker_sets"][case["workers"]])
    ring = Ring.build(among, case["vnodes"])
    lines = "".join(f"{point}:{owner}\n" for point, owner in zip(ring.points, ring.owner_indexes, strict=True))
    assert sha256(lines.encode()).hexdigest() == case["ring_sha256"]
    assert len(ring.points) == case["ring_size"] == len(among) * case["vnodes"] - case["point_collisions"]
    assert (ring.points[0], ring.points[-1]) == (case["first_point"], case["last_point"])


@pytest.mark.parametrize("case", DEFAULT["cases"], ids=case_name)
def test_candidates_are_alluxios(case):
    among = workers(DEFAULT["worker_sets"][case["workers"]])
    ring = Ring.build(among, case["vnodes"])
    found = [indexes(among, ring.owners(key, 3)) for key in DEFAULT["keys"]]
    assert found == case["top3"]
    assert indexes(among, map(ring.owner, DEFAULT["keys"])) == [candidates[0] for candidates in case["top3"]]


@pytest.mark.parametrize(
    "row", vectors("ring_points")["rings"], ids=lambda row: f"{len(row['workers'])}x{row['vnodes']}"
)
def test_every_point_is_alluxios(row):
    ring = Ring.build(workers(row["workers"]), row["vnodes"])
    assert [list(pair) for pair in zip(ring.points, ring.owner_indexes, strict=True)] == row["points"]


@pytest.mark.parametrize("case", vectors("ring_change")["cases"], ids=case_name)
def test_a_change_of_members_moves_the_keys_that_it_moves_in_alluxio(case):
    change = vectors("ring_change")
    base, added = workers(change["base"]), workers(change["added"])
    now = {"none": base, "add": sorted(base + added)}.get(case["op"]) or [w for w in base if w != base[case["removed"]]]
    ring = Ring.build(now, case["vnodes"])
    named = [[-1 if owner in added else base.index(owner) for owner in ring.owners(key, 3)] for key in change["keys"]]
    assert named == case["top3"]


@pytest.mark.parametrize("row", EDGES["collisions"], ids=lambda row: str(row["point"]))
def test_the_last_one_inserted_wins_a_colliding_point(row):
    among = workers(row["workers"])
    for order in row["orders"]:
        ring = Ring.build([among[index] for index in order["insertion_order"]], EDGES["vnodes"])
        assert len(ring.points) == order["ring_size"]
        place = bisect_left(ring.points.tolist(), row["point"])
        assert ring.ids[ring.owner_indexes[place]] == among[order["point_owner"]]
        assert [indexes(among, ring.owners(key, 3)) for key in row["keys"]] == order["top3"]


@pytest.mark.parametrize("edge", ["exact_hits", "wrap_around"])
def test_a_point_owns_the_keys_that_hit_it_and_the_first_those_past_the_last(edge):
    row, among = EDGES[edge], workers(EDGES["exact_hits"]["workers"])
    ring = Ring.build(among, row["vnodes"])
    assert [key_point(key) for key in row["keys"]] == row["key_hash"]
    assert [indexes(among, ring.owners(key, 3)) for key in row["keys"]] == row["top3"]
    assert indexes(among, map(ring.owner, row["keys"])) == [candidates[0] for candidates in row["top3"]]


@pytest.mark.parametrize("case", vectors("ring_exhaustion")["cases"], ids=case_name)
def test_a_hundred_attempts_may_find_fewer_than_asked(case):
    among = workers(DEFAULT["worker_sets"][case["worker_set"]])
    ring = Ring.build(among, case["vnodes"])
    for key, candidates in case["results"]:
        assert indexes(among, ring.owners(key, case["count"])) == candidates


def test_an_empty_ring_owns_nothing():
    ring = Ring.build([], 2000)
    for ask in (ring.owner, lambda key: ring.owners(key, 1)):
        with pytest.raises(LookupError, match="the ring is empty"):
            ask("a")


@given(sets_of_ids, key_lists, vnode_counts)
def test_removing_a_worker_moves_only_its_keys(members, keys, vnodes):
    gone, *rest = sorted(members)
    if rest:
        before, after = Ring.build(sorted(members), vnodes), Ring.build(rest, vnodes)
        for was, now in zip(map(before.owner, keys), map(after.owner, keys), strict=True):
            assert was in (gone, now)


@given(
    st.lists(ids, min_size=1, max_size=6, unique=True).flatmap(
        lambda some: st.tuples(st.just(some), st.permutations(some))
    )
)
def test_sorted_ids_build_one_ring_whatever_order_they_came_in(orders):
    one, other = (Ring.build(sorted(order), 20) for order in orders)
    assert one.ids == other.ids
    assert one.points.tolist() == other.points.tolist()
    assert one.owner_indexes.tolist() == other.owner_indexes.tolist()


@given(st.lists(ids, min_size=1, max_size=6), st.text(), vnode_counts, st.integers(0, 7))
def test_it_agrees_with_a_plain_map_of_points(members, key, vnodes, count):
    placed = {plain_point(worker, index): worker for worker in members for index in range(vnodes)}
    ring = Ring.build(members, vnodes)
    assert ring.points.tolist() == sorted(placed)
    assert ring.owners(key, count) == plain_owners(placed, key, count)


def same(one, other):
    return (one.ids, one.points.tolist(), one.owner_indexes.tolist()) == (
        other.ids,
        other.points.tolist(),
        other.owner_indexes.tolist(),
    )


@settings(deadline=None)
@given(st.lists(st.lists(ids, max_size=12), min_size=2, max_size=6), vnode_counts)
def test_a_ring_that_changed_again_and_again_is_the_one_built_anew(memberships, vnodes):
    ring = Ring.build(memberships[0], vnodes)
    for members in memberships:
        ring = ring.changed(members)
        assert same(ring, Ring.build(members, vnodes))


@settings(deadline=None)
@given(st.data(), st.integers(1, 12))
def test_members_that_come_and_go_leave_the_ring_that_the_rest_has(data, vnodes):
    """Points are those of a few numbers, so that nearly all of them collide, in any order of insertion."""
    among = data.draw(st.lists(ids, min_size=2, max_size=8, unique=True))
    with crowded(data.draw(st.integers(1, 30))):
        ring = Ring.build(among, vnodes)
        for _ in range(6):
            kept = data.draw(st.lists(st.sampled_from(range(len(among))), min_size=1, unique=True).map(sorted))
            ring = ring.changed([among[place] for place in kept])
            assert same(ring, Ring.build([among[place] for place in kept], vnodes))


@contextmanager
def crowded(places):
    """Vnodes fall on so many points only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.core.ring.murmur3_32_pairs", lambda *of: murmur3_32_pairs(*of) % np.int32(places))
        yield


@pytest.mark.parametrize("row", EDGES["collisions"], ids=lambda row: str(row["point"]))
def test_the_loser_of_a_point_has_it_again_once_the_winner_left(row):
    among = workers(row["workers"])
    for order in row["orders"]:
        inserted = [among[index] for index in order["insertion_order"]]
        ring = Ring.build(inserted, EDGES["vnodes"])
        assert len(ring.beaten)
        for gone in inserted:
            rest = [worker for worker in inserted if worker != gone]
            less = ring.changed(rest)
            assert same(less, Ring.build(rest, EDGES["vnodes"]))
            assert same(less.changed(inserted), ring)


def plain_point(worker, index):
    return murmur3_32(worker.identifier + worker.version.to_bytes(4, "little") + index.to_bytes(4, "little"))


def plain_owners(placed, key, count):
    points, found = sorted(placed), {}
    for attempt in range(1, ATTEMPTS_MAX + 1):
        if len(found) < count:
            found[placed[points[bisect_left(points, key_point(key, attempt)) % len(points)]]] = None
    return tuple(found)


def plain_shares(placed):
    """Of a map of points to owners: each owns from past the point before its own, the first from past the last."""
    points, shares = sorted(placed), {}
    for before, point in zip([points[-1] - (1 << 32), *points], points, strict=False):
        shares[placed[point]] = shares.get(placed[point], 0) + point - before
    return {worker: gap / (1 << 32) for worker, gap in shares.items()}


@given(st.lists(ids, min_size=1, max_size=6), vnode_counts)
def test_shares_are_the_gaps_before_a_workers_points(members, vnodes):
    placed = {plain_point(worker, index): worker for worker in members for index in range(vnodes)}
    shares = Ring.build(members, vnodes).shares()
    assert sum(shares.values()) == pytest.approx(1)
    assert {id: share for id, share in shares.items() if share} == pytest.approx(plain_shares(placed))


def test_a_worker_alone_owns_all_and_on_an_empty_ring_nobody_owns_anything():
    one = SEVERAL[0]
    assert Ring.build([one], 7).shares() == {one: 1.0}
    assert Ring.build([], 7).shares() == {}


def test_who_has_lost_all_points_owns_nothing_and_is_told_all_the_same():
    among = SEVERAL[:2]
    with crowded(1):
        assert Ring.build(among, 3).shares() == {among[0]: 0.0, among[1]: 1.0}


def test_shares_are_how_many_keys_come_to_each():
    ring, keys = Ring.build(SEVERAL, 5), [f"key-{number}" for number in range(20_000)]
    shares, owners = ring.shares(), [ring.owner(key) for key in keys]
    assert max(shares.values()) - min(shares.values()) > 0.05
    assert {id: owners.count(id) / len(keys) for id in shares} == pytest.approx(shares, abs=0.02)
