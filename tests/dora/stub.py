"""A worker's HTTP side without a cluster: real pages of a real folder, under lease 7 until it is fenced."""

import asyncio
from contextlib import asynccontextmanager
from hashlib import sha256

from aiohttp.test_utils import TestClient, TestServer

from harness.dora.loads import Loads
from harness.dora.page_store import PageStore
from harness.dora.pages import Pages
from harness.dora.path_ids import PathIds
from harness.dora.rest import application
from harness.dora.ufs import Ufs

PAGE = 1000


def id_of(path):
    return sha256(path.encode()).hexdigest()


def page_of(path, index):
    return f"/v1/file/{id_of(path)}/page/{index}"


class Stub:
    """It may be fenced in the middle of a read: after page `fenced_after` of any file."""

    def __init__(self, root, is_fenced=False, fenced_after=None, page_bytes=1 << 20, limit_bytes=1 << 30):
        self._is_fenced, self._fenced_after = is_fenced, fenced_after
        self.told = []
        self.store = PageStore(root.parent / "pages", limit_bytes, self.told.append)
        self.pages = Pages(Ufs(f"file://{root}"), self.store, page_bytes)
        self.ids = PathIds(self.pages.ufs.urls, self.pages.walk, self.told.append)
        self.loads = Loads(self.pages, self.page)

    def credentials(self):
        return None if self._is_fenced else ("worker-7", 7)

    async def page(self, file, index):
        page = await self.pages.page(file, index)
        self._is_fenced |= index == self._fenced_after
        return page


@asynccontextmanager
async def client_of(worker):
    await worker.pages.open()
    try:
        async with TestClient(TestServer(application(worker))) as client:
            yield client
    finally:
        await worker.loads.close()
        worker.pages.close()


async def loaded():
    """Until no load runs any more."""
    running = [task for task in asyncio.all_tasks() if task.get_name().startswith("load ")]
    await asyncio.gather(*running, return_exceptions=True)


def ask(worker, page, method="GET", **query):
    """(status, body, headers) of one request."""

    async def asking():
        async with client_of(worker) as client, client.request(method, page, params=query) as answer:
            return answer.status, await answer.read(), answer.headers

    return asyncio.run(asking())
