"""
What a worker serves over HTTP:

  GET /v1/health                            200 while it serves, else 503
  GET /v1/file?path=file:///ufs/key-00001   the file; 400 for a path outside the UFS, 404 for no such file, 503 while
                                            the worker does not serve
"""

from typing import Protocol

from aiohttp import web

from harness.errors import InputError

WORKER_HEADER, LEASE_HEADER = "X-Dora-Worker", "X-Dora-Lease"


class Server(Protocol):
    """What the pages need of a worker."""

    def credentials(self) -> tuple[str, int] | None:
        """The identity and the lease under which it serves at this moment; None while it must not serve."""
        ...

    async def contents(self, path: str) -> bytes:
        """All of a file. Raises InputError for a bad path, FileNotFoundError."""
        ...


def application(worker: Server) -> web.Application:
    async def health(request: web.Request) -> web.Response:
        return web.json_response({"id": _headers(worker)[WORKER_HEADER]})

    async def file(request: web.Request) -> web.Response:
        path = request.query.get("path")
        if path is None:
            raise web.HTTPBadRequest(text="no path; ask for /v1/file?path=file:///ufs/name\n")
        _headers(worker)
        try:
            contents = await worker.contents(path)
        except InputError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        except FileNotFoundError as error:
            raise web.HTTPNotFound(text=f"{error}\n") from error
        return web.Response(body=contents, headers=_headers(worker))  # it may have lost its lease while it read

    pages = web.Application()
    pages.router.add_get("/v1/health", health)
    pages.router.add_get("/v1/file", file)
    return pages


def _headers(worker: Server) -> dict[str, str]:
    credentials = worker.credentials()
    if credentials is None:
        raise web.HTTPServiceUnavailable(text="not serving: no live lease\n")
    identity, lease = credentials
    return {WORKER_HEADER: identity, LEASE_HEADER: str(lease)}
