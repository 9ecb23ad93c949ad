"""
Pages on disk: one file each, under a limit of size; the least recently used go first.

A page's file begins with a checksum of its name and bytes, is written under another name and then renamed: after a
kill it is there whole or not at all, and one that is torn, cut short or belongs under another name is never given out.
Nothing is synced, for what a crash of the machine may damage the checksum finds.
"""

import fcntl
import os
import re
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from itertools import count
from pathlib import Path

_NAME = re.compile(r"[0-9a-f]{64}-[0-9]{1,12}")
_PART, _LOCK = ".part", "lock"
_HALF_WRITTEN = re.compile(rf"{_NAME.pattern}\.[0-9]+{re.escape(_PART)}")
CHECKSUM_BYTES = 32


def page_name(file: str, index: int) -> str:
    """`file` is 64 hex digits, another for each version of a file."""
    return f"{file}-{index}"


class PageStore:
    """
    May be used by several threads. No failure of the disk is an error: `get` then has nothing, `put` keeps nothing,
    and `tell` is told why, once.
    """

    def __init__(self, folder: Path, limit_bytes: int, tell: Callable[[str], None]) -> None:
        self.folder, self.limit_bytes, self._tell = folder, limit_bytes, tell
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._of_file = Counter[str]()
        self._used = 0
        self._numbers, self._guard = count(), threading.Lock()
        self._lock_fd: int | None = None
        self._is_told = False

    def open(self) -> None:
        """Take the folder for this process alone, remove what a killed one left half written, find its pages."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock_fd = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.find()
            except OSError:
                os.close(lock_fd)
                raise
        except BlockingIOError:
            self._failed("another process has it")
        except OSError as error:
            self._failed(error)
        else:
            self._lock_fd = lock_fd

    def close(self) -> None:
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def held(self, file: str) -> int:
        """How many pages of it are there."""
        return self._of_file[file]

    def __contains__(self, name: str) -> bool:
        return name in self._sizes

    @property
    def used_bytes(self) -> int:
        return self._used

    def get(self, name: str) -> bytes | None:
        """The page; None where it is not there, or not as it was put."""
        with self._guard:
            if name not in self._sizes:
                return None
            self._sizes.move_to_end(name)
        try:
            contents = self.read(name)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                self._failed(error)
            contents = None
        if contents is None:
            self._forget(name)
            self._remove([name])
        return contents

    def put(self, name: str, contents: bytes) -> None:
        size = CHECKSUM_BYTES + len(contents)
        if self._lock_fd is None or size > self.limit_bytes:
            return
        self._remove(self._make_room(size))
        try:
            self.write(name, contents)
        except OSError as error:
            self._give_back(size)
            self._failed(error)
        else:
            self._give_back(size)
            self._add(name, size)

    # each step a small method, so that a subclass can get exactly one of them wrong

    def read(self, name: str) -> bytes | None:
        """
        None for what was not put under that name, or not like that. Raises OSError.

        Whatever somebody has put in its place, it neither hangs nor takes more memory than the page did.
        """
        most = self._sizes.get(name, 0) + 1
        with open(os.open(self.folder / name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as page:
            sealed = page.read(most)
        contents = sealed[CHECKSUM_BYTES:]
        return contents if sealed[:CHECKSUM_BYTES] == checksum(name, contents) else None

    def write(self, name: str, contents: bytes) -> None:
        """Raises OSError; then nothing of it is left."""
        part = self.folder / f"{name}.{next(self._numbers)}{_PART}"
        try:
            with part.open("xb") as out:
                out.write(checksum(name, contents))
                out.write(contents)
            part.replace(self.folder / name)
        except OSError:
            self._remove([part.name])
            raise

    def find(self) -> None:
        """In the order in which they were written, which stands for the order of use."""
        found: dict[str, os.stat_result] = {}
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if _HALF_WRITTEN.fullmatch(entry.name):
                    self._remove([entry.name])
                elif _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    found[entry.name] = entry.stat()
        for name, stat in sorted(found.items(), key=lambda item: item[1].st_mtime_ns):
            self._add(name, stat.st_size)
        self._remove(self._make_room(0))

    def _add(self, name: str, size: int) -> None:
        self._forget(name)
        with self._guard:
            self._sizes[name] = size
            self._of_file[_file_of(name)] += 1
            self._used += size

    def _forget(self, name: str) -> None:
        with self._guard:
            if name in self._sizes:
                self._pop(name)

    def _pop(self, name: str) -> None:
        self._used -= self._sizes.pop(name)
        file = _file_of(name)
        self._of_file[file] -= 1
        if not self._of_file[file]:
            del self._of_file[file]

    def _make_room(self, size: int) -> list[str]:
        """Count `size` as used from now on; the pages that must go for it."""
        with self._guard:
            self._used += size
            gone = []
            while self._used > self.limit_bytes and self._sizes:
                gone.append(next(iter(self._sizes)))
                self._pop(gone[-1])
            return gone

    def _give_back(self, size: int) -> None:
        with self._guard:
            self._used -= size

    def _remove(self, names: list[str]) -> None:
        for name in names:
            with suppress(OSError):
                (self.folder / name).unlink(missing_ok=True)

    def _failed(self, why: object) -> None:
        if not self._is_told:
            self._is_told = True
            self._tell(f"{self.folder}: pages are not kept, but read from the UFS: {why}")


def checksum(name: str, contents: bytes) -> bytes:
    digest = sha256(f"{name}\n".encode())
    digest.update(contents)
    return digest.digest()


def _file_of(name: str) -> str:
    return name.partition("-")[0]
