"""
Who is let in: a worker's connections are bounded, so that those who only hold them take nothing from its lease, its
disk or its other clients; and those who speak no HTTP are counted, not traced.
"""

import asyncio
import logging
import resource
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web
from aiohttp.http import HttpProcessingError

from harness.dora.seldom import Seldom

_CONNECTIONS_MAX, _AT_ONCE = 1000, 128

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Middleware(Protocol):
    """As aiohttp calls it, by these names."""

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse: ...


class Connections:
    """
    Makes the protocol of each new connection. At the limit the oldest connection on which nothing is asked makes room;
    where all are busy the new one is closed. `at_once` is how many may be let in before the limit is looked at again.
    """

    def __init__(self, logger: logging.Logger) -> None:
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.most, self.at_once = min(_CONNECTIONS_MAX, files // 2), min(_AT_ONCE, files // 8)
        self._logger, self._full = logger, Seldom()
        self._busy = set[asyncio.Protocol]()

        @web.middleware
        async def enter(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._busy.add(request.protocol)
            try:
                return await handler(request)
            finally:
                self._busy.discard(request.protocol)

        self.middleware = enter

    def of(self, runner: web.AppRunner) -> Callable[[], asyncio.BaseProtocol]:
        """For a runner that has been set up."""
        server = runner.server

        def made() -> asyncio.BaseProtocol:
            return server() if server and self._has_room(server) else _Refused()

        return made

    def _has_room(self, server: web.Server) -> bool:
        if len(server.connections) < self.most:
            return True
        there = [it for it in server.connections if it.transport and not it.transport.is_closing()]
        if len(there) < self.most:
            return True
        if self._full.is_due():
            self._logger.warning("has %d connections, and closes idle ones for others: %d", self.most, self._full.count)
        idle = next((it for it in there if it not in self._busy), None)
        if idle:
            idle.force_close()
        return idle is not None


class _Refused(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def http_log(logger: logging.Logger) -> logging.Logger:
    """For aiohttp: of requests that are none it tells how many came; a handler's own failure is told with its trace."""
    log, seen = logger.getChild("http"), Seldom()

    def tells(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            return True
        record.msg, record.args, record.exc_info = "what came is no HTTP: %d times", (seen.count + 1,), None
        return seen.is_due()

    log.filters = [tells]
    return log
