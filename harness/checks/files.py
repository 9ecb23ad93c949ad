"""What the UFS of a run holds, and whether what was read of it is right, or at least a beginning."""

from functools import lru_cache
from hashlib import sha256

from harness.core.content import content_of, length_of, sha256_of
from harness.core.history import Op
from harness.core.plan import Plan


class Files:
    def __init__(self, plan: Plan) -> None:
        self._seed, self._file_bytes, self._guests = plan.seed, plan.workload.file_bytes, plan.guests
        self._is_beginning = lru_cache(1024)(self._compared)
        self._content = lru_cache(8)(lambda key: content_of(self._seed, key, self._file_bytes))
        self.part = lru_cache(65536)(self._part)
        """Of a key from one byte to before another: how many there are, and their SHA-256."""

    def length(self, key: str) -> int:
        return length_of(self._seed, key, self._file_bytes)

    def sha256(self, key: str) -> str:
        return sha256_of(self._seed, key, self._file_bytes)

    def is_cut_short(self, read: Op) -> bool:
        """
        Whether a guest's read that succeeded has but the beginning of its file, byte for byte.

        Alluxio's client for Python takes any error after the first page for the end of the file, so this is how its
        reads fail (`_all_page_generator` of `alluxio` 1.0.0).
        """
        key, length, digest = (read.value[name] for name in ("key", "length", "sha256"))
        return read.actor in self._guests and length < self.length(key) and self._is_beginning(key, length, digest)

    def _compared(self, key: str, length: int, digest: str) -> bool:
        return sha256(content_of(self._seed, key, self._file_bytes)[:length]).hexdigest() == digest

    def _part(self, key: str, start: int, end: int) -> tuple[int, str]:
        held = self._content(key)[start:end]
        return len(held), sha256(held).hexdigest()
