import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.hashing import murmur3_32, murmur3_32_pairs
from harness.core.ring import key_point, vnode_points
from tests.core.vectors import vectors, workers

PRIMITIVES = vectors("hash_primitives")
int32s = st.integers(-(1 << 31), (1 << 31) - 1)


@pytest.mark.parametrize("table", ["key_hash", "lone_surrogate_key_hash"])
def test_keys_hash_as_in_alluxio(table):
    for key, hashes in PRIMITIVES[table]:
        for attempt, hash_ in hashes.items():
            assert key_point(key, int(attempt)) == hash_, (key, attempt)


def test_vnodes_stand_where_alluxio_puts_them():
    rows = PRIMITIVES["vnode_point"]
    last = max(int(index) for row in rows for index in row["points"])
    table = vnode_points(workers(rows), last + 1)
    for row, points in zip(rows, table, strict=True):
        assert row["points"] == {index: points[int(index)] for index in row["points"]}


@given(
    st.integers(0, 6).flatmap(lambda n: st.lists(st.binary(min_size=4 * n, max_size=4 * n), min_size=1)),
    st.lists(int32s),
)
def test_hashing_in_bulk_is_hashing_one_by_one(prefixes, suffixes):
    table = np.frombuffer(b"".join(prefixes), np.uint8).reshape(len(prefixes), -1)
    in_bulk = murmur3_32_pairs(table, np.array(suffixes, np.int32))
    one_by_one = [[murmur3_32(p + s.to_bytes(4, "little", signed=True)) for s in suffixes] for p in prefixes]
    assert in_bulk.tolist() == one_by_one
