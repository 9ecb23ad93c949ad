"""How a client gets a file from one worker: whole, or page by page as Alluxio's Python package does."""

from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from typing import Any

import aiohttp

from harness.core.identity import WorkerId
from harness.dora.rest import VERSION_HEADER, WORKER_HEADER, cached
from harness.errors import ClusterError, InputError


@dataclass(frozen=True)
class Served:
    """A file, by whom (an identity, or `ufs`), and how many of its pages were cached there, and were not."""

    by: str
    contents: bytes
    hits: int = 0
    misses: int = 0


@dataclass(frozen=True)
class Part:
    """A page as a worker sent it; `offset` is where it belongs in the file."""

    by: str
    offset: int
    contents: bytes

    def to_json(self) -> dict[str, Any]:
        digest = sha256(self.contents).hexdigest()
        return {"from": self.by, "offset": self.offset, "length": len(self.contents), "sha256": digest}


class Fetch:
    """
    Every method raises FileNotFoundError, InputError for a path outside the UFS, ClusterError for a worker that says
    no; OSError and aiohttp.ClientError when nobody answers.
    """

    def __init__(self, http: aiohttp.ClientSession, page_bytes: int) -> None:
        self._http, self._page_bytes = http, page_bytes

    async def whole(self, address: str, worker: WorkerId, key: str) -> Served:
        async with self._http.get(f"http://{address}/v1/file", params={"path": key}) as answer:
            await _must_be_ok(answer, key)
            return Served(_by(answer, worker), await answer.read(), *cached(answer.headers))

    async def by_pages(self, address: str, worker: WorkerId, key: str, parts: list[Part]) -> Served:
        """
        All pages, each added to `parts` too, so that those of a read that breaks off are known. The path goes along,
        which saves the worker looking for it. Pages of two versions of the file are a failure, never mixed.
        """
        url, version, contents, hits, misses = f"http://{address}/v1/file/{_id(key)}/page", "", bytearray(), 0, 0
        for index in count():
            async with self._http.get(f"{url}/{index}", params={"path": key}) as answer:
                if answer.status == 404 and index:
                    break
                await _must_be_ok(answer, key)
                page, by, told = await answer.read(), _by(answer, worker), answer.headers.get(VERSION_HEADER, "")
                hit, miss = cached(answer.headers)
            parts.append(Part(by, len(contents), page))
            if index and told != version:
                raise ClusterError(f"{key} changed while it was read")
            version, contents, hits, misses = told, contents + page, hits + hit, misses + miss
            if len(page) < self._page_bytes:
                break
        return Served(by, bytes(contents), hits, misses)


async def _must_be_ok(answer: aiohttp.ClientResponse, key: str) -> None:
    if answer.status == 404:
        raise FileNotFoundError(f"{key}: no such file")
    if answer.status == 400:
        raise InputError((await answer.text()).strip())
    if answer.status != 200:
        raise ClusterError(f"answered {answer.status}")


def _by(answer: aiohttp.ClientResponse, worker: WorkerId) -> str:
    return answer.headers.get(WORKER_HEADER, str(worker))


def _id(key: str) -> str:
    return sha256(key.encode(errors="surrogatepass")).hexdigest()
