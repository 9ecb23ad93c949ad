"""Work that may hang, done on threads: neither the event loop nor the end of the process waits for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE_S = 30.0
_LOST_MAX = 24


class Threads:
    """
    At most `count` calls at work, beside up to 24 that have been at it for more than `patience_s` and lost their turn.

    The executors of Python's own library would let a call that hangs keep the process from ending. Used within one
    event loop.
    """

    def __init__(self, name: str, count: int, patience_s: float) -> None:
        self._name, self._count, self._patience_s = name, count, patience_s
        self._turns = asyncio.Semaphore(count)
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lost = set[asyncio.Future[Any]]()
        self._started = self._spare = 0

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """
        What `work` gives or raises, however long it takes; TimeoutError where its turn does not come in time,
        RuntimeError where no thread can be started.
        """
        async with asyncio.timeout(self._patience_s):
            await self._turns.acquire()
        try:
            self._have_a_thread()
        except RuntimeError:  # the machine has none
            self._turns.release()
            raise
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        losing = loop.call_later(self._patience_s, self._lose, answer)

        def job() -> None:
            give = _outcome(work, arguments, answer)
            with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
                loop.call_soon_threadsafe(self._ended, answer, losing, give)

        self._jobs.put(job)
        return await answer

    def close(self) -> None:
        """No more calls; those at work are not waited for."""
        for _ in range(self._started):
            self._jobs.put(None)

    def _have_a_thread(self) -> None:
        """One more that waits for a job."""
        if self._spare:
            self._spare -= 1
        else:
            Thread(target=self._work, name=f"{self._name} {self._started + 1}", daemon=True).start()
            self._started += 1

    def _work(self) -> None:
        while job := self._jobs.get():
            job()
            del job  # it holds what the call gave

    def _ended(self, answer: asyncio.Future[T], losing: asyncio.TimerHandle, give: Callable[[], None]) -> None:
        losing.cancel()
        self._spare += 1
        if answer in self._lost:
            self._lost.remove(answer)
        else:
            self._turns.release()
        if not answer.cancelled():
            give()

    def _lose(self, answer: asyncio.Future[Any]) -> None:
        if len(self._lost) < _LOST_MAX:
            self._lost.add(answer)
            self._turns.release()


def _outcome(work: Callable[..., T], arguments: tuple[Any, ...], answer: asyncio.Future[T]) -> Callable[[], None]:
    """Do it; how to say what came of it."""
    try:
        result = work(*arguments)
    except BaseException as error:
        failed = error
        return lambda: answer.set_exception(failed)
    return lambda: answer.set_result(result)


@asynccontextmanager
async def in_time(patience_s: float) -> AsyncIterator[None]:
    """Wait for the UFS no longer than that. Raises TimeoutError, which says so."""
    try:
        async with asyncio.timeout(patience_s):
            yield
    except TimeoutError as error:
        if str(error):  # the UFS itself has lost patience
            raise
        raise TimeoutError(f"it has not answered for {patience_s:g} s") from error
