"""Files as pages of one size: from the disk where they are cached, else from the UFS and then cached."""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar

from harness.dora.page_store import PageStore, page_name
from harness.dora.threads import PATIENCE_S, Threads, in_time
from harness.dora.ufs import Entry, Ufs
from harness.errors import ClusterError

T = TypeVar("T")

_CACHE_THREADS, _LOOK_THREADS, _READ_THREADS, _WALK_THREADS = 4, 4, 8, 3
_CACHE_PATIENCE_S = 3.0


class ChangedError(ClusterError):
    """The file is not any more what it was when the read began."""


class Pages:
    """
    Whatever touches a disk goes on threads. Used within one event loop; each page in flight is read once.

    A UFS that hangs holds up those who wait for it, for `patience_s`. So the cache, looking what is there, reading and
    going over folders have threads of their own: where a read hangs, what is cached and still there is served. Where
    the cache's disk hangs, it is done without after `cache_patience_s`.
    """

    def __init__(
        self,
        ufs: Ufs,
        store: PageStore,
        page_bytes: int,
        patience_s: float = PATIENCE_S,
        cache_patience_s: float = _CACHE_PATIENCE_S,
    ) -> None:
        self.ufs, self.page_bytes = ufs, page_bytes
        self._patience_s, self._cache_patience_s = patience_s, cache_patience_s
        self._store = store
        self._in_flight: dict[str, asyncio.Task[bytes]] = {}

    async def open(self) -> None:
        self._cache = Threads("cache", _CACHE_THREADS, self._patience_s)
        self._looks = Threads("look", _LOOK_THREADS, self._patience_s)
        self._reads = Threads("read", _READ_THREADS, self._patience_s)
        self._walks = Threads("walk", _WALK_THREADS, self._patience_s)
        await self._cache.run(self._store.open)

    def close(self) -> None:
        """Waits for no read that hangs."""
        for threads in (self._cache, self._looks, self._reads, self._walks):
            threads.close()
        self._store.close()

    async def look(self, work: Callable[[str], T], path: str) -> T:
        """What the UFS tells of a path. Raises TimeoutError, as `in_time`."""
        async with in_time(self._patience_s):
            return await self._looks.run(work, path)

    async def walk(self, work: Callable[..., T], *arguments: Any) -> T:
        """Go over folders, which may take long."""
        return await self._walks.run(work, *arguments)

    def count(self, file: Entry) -> int:
        """How many pages a file has; none for an empty one."""
        return -(-file.size // self.page_bytes)

    def cached(self, file: Entry) -> int:
        """How many of them are on disk now."""
        return self._store.held(self._name_of(file))

    def has(self, file: Entry, index: int) -> bool:
        return page_name(self._name_of(file), index) in self._store

    async def page(self, file: Entry, index: int) -> bytes:
        """Raises ChangedError, FileNotFoundError, TimeoutError as `in_time`, and OSError where the UFS fails."""
        name = page_name(self._name_of(file), index)
        reading = self._in_flight.get(name)
        if reading is None:
            reading = self._in_flight[name] = asyncio.create_task(self._page(file, index, name))
            reading.add_done_callback(lambda done: self._done(name, done))
        async with in_time(self._patience_s):
            return await asyncio.shield(reading)

    async def _page(self, file: Entry, index: int, name: str) -> bytes:
        if name in self._store:
            cached = await self._at_cache(self._store.get, name)
            if cached is not None:
                return cached
        contents = await self._reads.run(self._read, file, index)
        if name not in self._store:
            await self._at_cache(self._store.put, name, contents)
        return contents

    async def _at_cache(self, work: Callable[..., T], *arguments: Any) -> T | None:
        """None where its disk hangs; what it was asked for goes on there."""
        try:
            async with asyncio.timeout(self._cache_patience_s):
                return await self._cache.run(work, *arguments)
        except TimeoutError:
            return None

    def _done(self, name: str, reading: asyncio.Task[bytes]) -> None:
        del self._in_flight[name]
        if not reading.cancelled():
            reading.exception()  # seen, though all who waited may have gone

    def _read(self, file: Entry, index: int) -> bytes:
        start = index * self.page_bytes
        end = min(start + self.page_bytes, file.size)
        contents = self.ufs.read_range(file, start, end)
        if len(contents) != end - start or self.ufs.file(file.url).version != file.version:
            raise ChangedError(f"{file.url} changed while it was read")
        return contents

    def _name_of(self, file: Entry) -> str:
        """Of all its pages: another where the file, its version or the size of pages differs."""
        return sha256(f"{file.url}\n{file.version}\n{self.page_bytes}".encode(errors="surrogatepass")).hexdigest()
