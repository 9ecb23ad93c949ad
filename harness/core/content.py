"""What the UFS holds: a pure function of the run's seed and the key, so any read can be judged without the file."""

from functools import lru_cache
from hashlib import sha256, shake_256

SIZE_MIN, SIZE_MAX = 100, 8192


def content_of(seed: int, key: str) -> bytes:
    """The bytes of the file `key`: 100 bytes to 8 KiB, another size and content for each key and seed."""
    stream = shake_256(f"{seed}:{key}".encode(errors="surrogatepass"))
    size = SIZE_MIN + int.from_bytes(stream.digest(4)) % (SIZE_MAX - SIZE_MIN + 1)
    return stream.digest(size)


@lru_cache(maxsize=65536)
def sha256_of(seed: int, key: str) -> str:
    """The SHA-256 of that content, in hex."""
    return sha256(content_of(seed, key)).hexdigest()
