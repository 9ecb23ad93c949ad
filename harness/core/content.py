"""What the UFS holds: a pure function of the run's seed and the key, so any read can be judged without the file."""

from functools import lru_cache
from hashlib import sha256, shake_256

SIZE_MIN, SIZE_MAX = 100, 8192


def length_of(seed: int, key: str, file_bytes: int | None = None) -> int:
    """How long the file `key` is: `file_bytes`, or 100 bytes to 8 KiB, another size for each key and seed."""
    if file_bytes is not None:
        return file_bytes
    return SIZE_MIN + int.from_bytes(shake_256(_seeded(seed, key)).digest(4)) % (SIZE_MAX - SIZE_MIN + 1)


def content_of(seed: int, key: str, file_bytes: int | None = None) -> bytes:
    """The bytes of the file `key`, others for each key and seed."""
    return shake_256(_seeded(seed, key)).digest(length_of(seed, key, file_bytes))


@lru_cache(maxsize=65536)
def sha256_of(seed: int, key: str, file_bytes: int | None = None) -> str:
    """The SHA-256 of that content, in hex."""
    return sha256(content_of(seed, key, file_bytes)).hexdigest()


def _seeded(seed: int, key: str) -> bytes:
    return f"{seed}:{key}".encode(errors="surrogatepass")
