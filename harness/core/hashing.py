"""
MurmurHash3 x86 32-bit with seed 0, read as a signed 32-bit int: the hash that Alluxio's ring is built on.

One value is hashed by the mmh3 library. The points of many vnodes differ only in their last four bytes, so those are
hashed together: each prefix once, each suffix once, and one combining step per pair.
"""

import mmh3
import numpy as np
from numpy.typing import NDArray

_C1, _C2 = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)


def murmur3_32(data: bytes) -> int:
    """The hash of `data`, from -2**31 to 2**31 - 1."""
    return mmh3.hash(data)


def murmur3_32_pairs(prefixes: NDArray[np.uint8], suffixes: NDArray[np.int32]) -> NDArray[np.int32]:
    """
    The hash of every prefix followed by every suffix as four little-endian bytes.

    `prefixes` is (n, length) bytes, the length a multiple of 4; `suffixes` is (m,); the answer is (n, m).
    """
    state = np.zeros(len(prefixes), np.uint32)
    for block in np.ascontiguousarray(prefixes).view("<u4").astype(np.uint32).T:
        state = _absorb(state, _scramble(block))
    hashes = _absorb(state[:, None], _scramble(suffixes.astype(np.uint32)))
    hashes ^= np.uint32(prefixes.shape[1] + 4)
    return _avalanche(hashes).view(np.int32)


def _scramble(block: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return _rotate(block * _C1, 15) * _C2


def _absorb(state: NDArray[np.uint32], scrambled: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return _rotate(state ^ scrambled, 13) * np.uint32(5) + np.uint32(0xE6546B64)


def _rotate(x: NDArray[np.uint32], bits: int) -> NDArray[np.uint32]:
    return (x << np.uint32(bits)) | (x >> np.uint32(32 - bits))


def _avalanche(h: NDArray[np.uint32]) -> NDArray[np.uint32]:
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    return h
