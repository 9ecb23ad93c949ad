"""Which file an id means: other clients ask for pages by the SHA-256 of the file's full path, and not by the path."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from hashlib import sha256
from itertools import islice
from typing import Any

from harness.dora.threads import PATIENCE_S, in_time

_FILES_MAX = 500_000
_LEARNED_MAX = 10_000
_PAUSE_MIN_S, _PAUSE_SHARE = 1.0, 10.0

OnThread = Callable[..., Coroutine[Any, Any, Any]]


class PathIds:
    """
    Finds out by going over all files of the UFS when it is asked for an id that it does not know; at most once a
    second, and for a tenth of the time. So an unknown id costs little however often it is asked. Who asks waits for
    `patience_s` at most; a search that takes longer goes on, and the next who ask find what it found.
    """

    def __init__(
        self,
        urls: Callable[[], Iterable[str]],
        on_thread: OnThread,
        tell: Callable[[str], None],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._urls, self._on_thread, self._tell, self._patience_s = urls, on_thread, tell, patience_s
        self._found: dict[bytes, str] = {}
        self._learned: OrderedDict[bytes, str] = OrderedDict()
        self._looking: asyncio.Task[None] | None = None
        self._not_before_s = 0.0

    def learn(self, path: str) -> None:
        """A path that was asked for in full: its id may be next."""
        digest = _digest(path)
        self._learned[digest] = path
        self._learned.move_to_end(digest)
        if len(self._learned) > _LEARNED_MAX:
            self._learned.popitem(last=False)

    async def path(self, id: str, hint: str = "") -> str:
        """
        `hint` itself where it has that id. Raises FileNotFoundError for an id that no file has, or that is none, and
        TimeoutError.
        """
        try:
            digest = bytes.fromhex(id)
        except ValueError:
            digest = b""
        if digest == _digest(hint):
            return hint
        if digest and not self._known(digest):
            async with in_time(self._patience_s):
                await self._look()
        if path := self._known(digest):
            return path
        raise FileNotFoundError("no file has that id")

    def _known(self, digest: bytes) -> str | None:
        return self._found.get(digest) or self._learned.get(digest)

    async def _look(self) -> None:
        """Until the search has ended that is under way, or that is begun now because the last one was long ago."""
        if self._looking is None or (self._looking.done() and time.monotonic() >= self._not_before_s):
            self._looking = asyncio.create_task(self._find())
            self._looking.add_done_callback(lambda done: done.cancelled() or done.exception())  # all may have gone
        await asyncio.shield(self._looking)

    async def _find(self) -> None:
        began_s = time.monotonic()
        try:
            self._found = await self._on_thread(self._ids)
        finally:
            took_s = time.monotonic() - began_s
            self._not_before_s = time.monotonic() + max(_PAUSE_MIN_S, took_s * _PAUSE_SHARE)

    def _ids(self) -> dict[bytes, str]:
        urls = iter(self._urls())
        found = {_digest(url): url for url in islice(urls, _FILES_MAX)}
        if next(urls, None) is not None:
            self._tell(f"the UFS has more than {_FILES_MAX} files; others are found by path only")
        return found


def _digest(path: str) -> bytes:
    return sha256(path.encode(errors="surrogatepass")).digest()
