"""Does what a session decides: its calls on threads, its timer on the event loop, its reports into the history."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from harness.dora.actions import Action, Answer, Call, Exit, Registered, Report
from harness.dora.report import Reporter
from harness.dora.session import Session
from harness.errors import EtcdError

T = TypeVar("T")

_ETCD_THREADS = 4  # a call, one that was given up, a read of the members, and one to spare


class Driver:
    """
    `perform` carries out one call on a thread, and may raise EtcdError; `on_registered` is called after each
    registration. `ended` gets the session's Exit, or an error that nobody foresaw. Made inside a running event loop.
    """

    def __init__(
        self,
        session: Session,
        perform: Callable[[Call], Answer],
        on_registered: Callable[[], None],
        reporter: Reporter,
        logger: logging.Logger,
    ) -> None:
        self._session, self._perform, self._on_registered = session, perform, on_registered
        self._reporter, self._logger = reporter, logger
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(_ETCD_THREADS, thread_name_prefix="etcd")
        self._tasks = set[asyncio.Task[None]]()
        self._timer: asyncio.TimerHandle | None = None
        self.ended: asyncio.Future[Exit] = self._loop.create_future()

    def tick(self) -> None:
        """Let the session see the clock; also begins it."""
        self.act(self._session.tick(time.monotonic_ns()))

    def stop(self) -> None:
        """Leave the cluster, then end."""
        self.act(self._session.stop(time.monotonic_ns()))

    def act(self, actions: list[Action]) -> None:
        """Begin all that the session wants now."""
        for action in actions:
            match action:
                case Report():
                    self._report(action)
                case Exit():
                    if not self.ended.done():
                        self.ended.set_result(action)
                case _:
                    self.spawn(self._ask(action))
        self._wake_at(self._session.wake_ns)

    async def on_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run what talks to etcd where it can't hold up the event loop."""
        return await self._loop.run_in_executor(self._threads, work, *arguments)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def close(self) -> None:
        self._wake_at(None)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, call: Call) -> None:
        sent_ns = time.monotonic_ns()
        try:
            answer = await self.on_thread(self._perform, call)
        except EtcdError as error:
            self._logger.warning("%s: %s", type(call).__name__.lower(), error)
            answer = error
        self.act(self._session.answered(call, answer, sent_ns, time.monotonic_ns()))
        if isinstance(answer, Registered):
            self._on_registered()

    def _report(self, report: Report) -> None:
        self._reporter.tell(report.f, report.value, report.type, report.error)
        if report.f != "keepalive":
            self._logger.info("%s %s%s", report.f, report.value, f": {report.error}" if report.error else "")

    def _wake_at(self, wake_ns: int | None) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None
        if wake_ns is not None:
            self._timer = self._loop.call_later(max(0, wake_ns - time.monotonic_ns()) / 1e9, self.tick)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) and not self.ended.done():
            self.ended.set_exception(error)
