"""
What a worker serves over HTTP, by the paths that Alluxio's workers have and its Python package asks for:

  GET /v1/health                            200 while it serves, else 503
  GET /v1/file?path=file:///ufs/key-00001   the file
  GET /v1/file/ID/page/N                    its page N, counted from 0; ID is the SHA-256 of its full path in hex.
                                            With ?offset=&length= a part of the page; ?path= saves looking for it
  GET /v1/info?path=                        a list of one: what is there
  GET /v1/files?path=                       what is in a folder
  GET /v1/load?path=&opType=                submit, progress or stop: loads a file or folder into the cache

400 for what is asked wrongly or lies outside of the UFS, 404 for no such file, id or page, 502 where the UFS fails, 503
while the worker does not serve, and 504 where the UFS has not answered for 30 s. An answer that can't be finished as it
began is broken off.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from aiohttp import web

from harness.dora.connections import Middleware
from harness.dora.listing import listed
from harness.dora.loads import Loads
from harness.dora.pages import ChangedError, Pages
from harness.dora.path_ids import PathIds
from harness.dora.sending import send
from harness.dora.ufs import Entry
from harness.errors import InputError

WORKER_HEADER, LEASE_HEADER = "X-Dora-Worker", "X-Dora-Lease"
VERSION_HEADER = "ETag"
CACHED_HEADER = "X-Dora-Cached"
"""`2/3`: of three pages that were asked for, two were on disk when the answer began."""

_NUMBER = re.compile("[0-9]{1,15}")
_TRIES = 3

Finder = Callable[[], Awaitable[Entry]]


class Server(Protocol):
    """What the routes need of a worker."""

    pages: Pages
    ids: PathIds
    loads: Loads

    def credentials(self) -> tuple[str, int] | None:
        """The identity and the lease under which it serves at this moment; None while it must not serve."""
        ...

    async def page(self, file: Entry, index: int) -> bytes:
        """Raises as `Pages.page` does."""
        ...


def application(worker: Server, *middlewares: Middleware) -> web.Application:
    routes = Routes(worker)
    served = web.Application(middlewares=middlewares)
    served.router.add_get("/v1/health", routes.health)
    served.router.add_get("/v1/file", routes.file)
    served.router.add_get("/v1/file/{id}/page/{index}", routes.page)
    served.router.add_get("/v1/info", routes.info)
    served.router.add_get("/v1/files", routes.files)
    served.router.add_get("/v1/load", routes.load)
    return served


class Routes:
    def __init__(self, worker: Server) -> None:
        self._worker, self._pages = worker, worker.pages

    async def health(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"id": self._credentials()[WORKER_HEADER]})

    async def file(self, request: web.Request) -> web.StreamResponse:
        self._credentials()
        path = _path(request)
        async with _as_status():
            file, cached, first = await self._begun(lambda: self._found(path), 0)
            headers = self._headers(file, cached, self._pages.count(file))
            return await send(request, headers, file.size, self._rest(file, first, headers[LEASE_HEADER]))

    async def page(self, request: web.Request) -> web.StreamResponse:
        self._credentials()
        id, hint = request.match_info["id"], request.query.get("path", "")
        index = _number("page", request.match_info["index"])
        offset = _number("offset", request.query.get("offset", "0"))
        length = _number("length", request.query.get("length", str(self._pages.page_bytes)))
        if offset > self._pages.page_bytes:
            raise web.HTTPBadRequest(text=f"offset {offset} is past the page, which has {self._pages.page_bytes}\n")
        async with _as_status():
            file, cached, page = await self._begun(lambda: self._found_by(id, hint), index, alone=True)
        part = memoryview(page)[offset : offset + length]

        async def once() -> AsyncIterator[memoryview]:
            yield part

        return await send(request, self._headers(file, cached, 1), len(part), once())

    async def info(self, request: web.Request) -> web.StreamResponse:
        self._credentials()
        async with _as_status():
            entry = await self._pages.look(self._pages.ufs.entry, _path(request))
        self._worker.ids.learn(_path(request))
        return web.json_response([listed(entry)], headers=self._credentials())

    async def files(self, request: web.Request) -> web.StreamResponse:
        self._credentials()
        async with _as_status():
            entries = await self._pages.look(self._pages.ufs.entries, _path(request))
        return web.json_response([listed(entry) for entry in entries], headers=self._credentials())

    async def load(self, request: web.Request) -> web.StreamResponse:
        self._credentials()
        path, loads = _path(request), self._worker.loads
        what: dict[str, Any]
        match request.query.get("opType"):
            case "submit":
                async with _as_status():
                    await self._pages.look(self._pages.ufs.entry, path)
                self._worker.ids.learn(path)
                what = {"success": loads.submit(path), "jobId": path}
            case "progress":
                what = loads.progress(path)
            case "stop":
                what = {"success": loads.stop(path)}
            case other:
                raise web.HTTPBadRequest(text=f"opType is {other!r}; it is submit, progress or stop\n")
        return web.json_response({"path": path, **what}, headers=self._credentials())

    async def _found(self, path: str) -> Entry:
        file = await self._pages.look(self._pages.ufs.file, path)
        self._worker.ids.learn(path)
        return file

    async def _found_by(self, id: str, hint: str) -> Entry:
        return await self._pages.look(self._pages.ufs.file, await self._worker.ids.path(id, hint))

    async def _begun(self, find: Finder, index: int, alone: bool = False) -> tuple[Entry, int, bytes]:
        """The file, how many of its pages (or whether this one, `alone`) were cached, and the page `index`."""
        for _ in range(_TRIES):
            file = await find()
            cached = int(self._pages.has(file, index)) if alone else self._pages.cached(file)
            if index >= max(1, self._pages.count(file)):
                raise FileNotFoundError(f"{file.url} has {self._pages.count(file)} pages of {self._pages.page_bytes}")
            try:
                return file, cached, await self._worker.page(file, index) if file.size else b""
            except ChangedError:
                continue
        raise ChangedError("the file changes all the time")

    async def _rest(self, file: Entry, first: bytes, lease: str) -> AsyncIterator[bytes]:
        """All pages, as long as the worker serves under the lease that its answer told."""
        yield first
        for index in range(1, self._pages.count(file)):
            if self._credentials()[LEASE_HEADER] != lease:
                raise ChangedError("it has another lease now")
            yield await self._worker.page(file, index)

    def _headers(self, file: Entry, hits: int, pages: int) -> dict[str, str]:
        """Made when the answer begins: the lease may have gone since it was asked for."""
        return {**self._credentials(), VERSION_HEADER: f'"{file.version}"', CACHED_HEADER: f"{hits}/{pages}"}

    def _credentials(self) -> dict[str, str]:
        credentials = self._worker.credentials()
        if credentials is None:
            raise web.HTTPServiceUnavailable(text="not serving: no live lease\n")
        identity, lease = credentials
        return {WORKER_HEADER: identity, LEASE_HEADER: str(lease)}


def cached(headers: Mapping[str, str]) -> tuple[int, int]:
    """How many pages were on disk, and how many were not, as an answer's headers tell it."""
    hits, _, pages = headers.get(CACHED_HEADER, "0/0").partition("/")
    return int(hits), int(pages) - int(hits)


def _path(request: web.Request) -> str:
    path = request.query.get("path")
    if path is None:
        raise web.HTTPBadRequest(text=f"no path; ask for {request.path}?path=file:///ufs/name\n")
    return path


def _number(what: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise web.HTTPBadRequest(text=f"{what} is {text!r}; it is a whole number from 0\n")
    return int(text)


@asynccontextmanager
async def _as_status() -> AsyncIterator[None]:
    try:
        yield
    except InputError as error:
        raise web.HTTPBadRequest(text=f"{error}\n") from error
    except FileNotFoundError as error:
        raise web.HTTPNotFound(text=f"{error}\n") from error
    except ChangedError as error:
        raise web.HTTPServiceUnavailable(text=f"{error}\n") from error
    except TimeoutError as error:
        raise web.HTTPGatewayTimeout(text=f"the UFS hangs: {error}\n") from error
    except OSError as error:
        raise web.HTTPBadGateway(text=f"the UFS can't be read: {error}\n") from error
