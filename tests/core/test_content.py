from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from harness.core.content import SIZE_MAX, SIZE_MIN, content_of, length_of, sha256_of

KEYS = [f"file:///ufs/key-{number:05d}" for number in range(1, 201)]


@given(st.integers(), st.text())
def test_content_depends_on_nothing_but_seed_and_key(seed, key):
    assert content_of(seed, key) == content_of(seed, key)
    assert SIZE_MIN <= len(content_of(seed, key)) <= SIZE_MAX
    assert sha256_of(seed, key) == sha256(content_of(seed, key)).hexdigest()


def test_every_key_and_seed_has_its_own_content():
    assert len({content_of(seed, key)[:SIZE_MIN] for seed in (7, 8) for key in KEYS}) == 2 * len(KEYS)


def test_sizes_vary_over_the_whole_range():
    sizes = sorted(len(content_of(7, key)) for key in KEYS)
    assert sizes[0] < 500
    assert sizes[-1] > 7500


def test_content_is_the_same_in_every_version():
    assert sha256_of(7, KEYS[0]) == "3441915a11ad76810a826464877043d8106177fc3d02cd19d674ad8fd9e70b03"


@given(st.integers(), st.text(), st.integers(1, 10_000))
def test_files_of_one_size_have_that_size_and_contents_of_their_own(seed, key, file_bytes):
    contents = content_of(seed, key, file_bytes)
    assert len(contents) == length_of(seed, key, file_bytes) == file_bytes
    assert sha256_of(seed, key, file_bytes) == sha256(contents).hexdigest()


def test_a_length_is_known_without_the_content():
    assert [length_of(7, key) for key in KEYS] == [len(content_of(7, key)) for key in KEYS]
