"""Files as pages of one size: from the disk where they are cached, else from the UFS and then cached."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any, TypeVar

from harness.dora.page_store import PageStore, page_name
from harness.dora.ufs import Entry, Ufs
from harness.errors import ClusterError

T = TypeVar("T")

_THREADS = 8


class ChangedError(ClusterError):
    """The file is not any more what it was when the read began."""


class Pages:
    """Whatever touches a disk goes on threads. Used within one event loop; each page in flight is read once."""

    def __init__(self, ufs: Ufs, store: PageStore, page_bytes: int) -> None:
        self.ufs, self.page_bytes = ufs, page_bytes
        self._store = store
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="pages")
        self._in_flight: dict[str, asyncio.Future[bytes]] = {}

    async def open(self) -> None:
        await self.on_thread(self._store.open)

    def close(self) -> None:
        """Waits for no read that hangs."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._store.close()

    async def on_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def count(self, file: Entry) -> int:
        """How many pages a file has; none for an empty one."""
        return -(-file.size // self.page_bytes)

    def cached(self, file: Entry) -> int:
        """How many of them are on disk now."""
        return self._store.held(self._name_of(file))

    def has(self, file: Entry, index: int) -> bool:
        return page_name(self._name_of(file), index) in self._store

    async def page(self, file: Entry, index: int) -> bytes:
        """Raises ChangedError, FileNotFoundError, and OSError where the UFS fails."""
        name = page_name(self._name_of(file), index)
        reading = self._in_flight.get(name)
        if reading is None:
            reading = self._in_flight[name] = asyncio.ensure_future(self.on_thread(self._read, file, index, name))
            reading.add_done_callback(lambda done: self._done(name, done))
        return await asyncio.shield(reading)

    def _done(self, name: str, reading: "asyncio.Future[bytes]") -> None:
        del self._in_flight[name]
        if not reading.cancelled():
            reading.exception()  # seen, though all who waited may have gone

    def _read(self, file: Entry, index: int, name: str) -> bytes:
        cached = self._store.get(name)
        if cached is not None:
            return cached
        start = index * self.page_bytes
        end = min(start + self.page_bytes, file.size)
        contents = self.ufs.read_range(file, start, end)
        if len(contents) != end - start or self.ufs.file(file.url).version != file.version:
            raise ChangedError(f"{file.url} changed while it was read")
        self._store.put(name, contents)
        return contents

    def _name_of(self, file: Entry) -> str:
        """Of all its pages: another where the file, its version or the size of pages differs."""
        return sha256(f"{file.url}\n{file.version}\n{self.page_bytes}".encode(errors="surrogatepass")).hexdigest()
