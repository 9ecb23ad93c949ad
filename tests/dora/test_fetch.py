import asyncio
from hashlib import sha256

import pytest
from aiohttp import ClientSession

from harness.core.identity import WorkerId
from harness.dora.fetch import Fetch
from harness.errors import ClusterError, InputError
from tests.dora.stub import PAGE, Stub, client_of

ID = WorkerId.parse("worker-00000000-0000-0000-0000-000000000007")


def with_fetch(worker, what):
    """Run `what(fetch, address)` against that worker's HTTP side."""

    async def running():
        async with client_of(worker) as client, ClientSession() as http:
            return await what(Fetch(http, PAGE), f"{client.server.host}:{client.server.port}")

    return asyncio.run(running())


def test_a_file_is_the_same_whole_and_by_pages(root, url, long):
    async def both(fetch, address):
        parts = []
        paged = await fetch.by_pages(address, ID, url, parts)
        return paged, await fetch.whole(address, ID, url), parts

    paged, whole, parts = with_fetch(Stub(root, page_bytes=PAGE), both)
    assert (paged.by, paged.contents, paged.hits, paged.misses) == ("worker-7", long, 0, 3)
    assert (whole.by, whole.contents, whole.hits, whole.misses) == ("worker-7", long, 3, 0)
    assert [(part.by, part.offset, len(part.contents)) for part in parts] == [
        ("worker-7", 0, 1000),
        ("worker-7", 1000, 1000),
        ("worker-7", 2000, 500),
    ]
    digest = sha256(long[1000:2000]).hexdigest()
    assert parts[1].to_json() == {"from": "worker-7", "offset": 1000, "length": 1000, "sha256": digest}


@pytest.mark.parametrize("size", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
def test_files_of_any_length_end_where_they_end(root, size):
    (root / "file").write_bytes(bytes(size))

    async def by_pages(fetch, address):
        return await fetch.by_pages(address, ID, f"file://{root}/file", [])

    assert with_fetch(Stub(root, page_bytes=PAGE), by_pages).contents == bytes(size)


def test_of_a_worker_that_breaks_off_the_pages_that_came_are_known(root, url, long):
    async def fenced_after_one(fetch, address):
        parts = []
        with pytest.raises(ClusterError, match="answered 503"):
            await fetch.by_pages(address, ID, url, parts)
        return parts

    parts = with_fetch(Stub(root, page_bytes=PAGE, fenced_after=1), fenced_after_one)
    assert [part.contents for part in parts] == [long[:PAGE]]


def test_pages_of_two_versions_are_never_mixed(root, url, long):
    class Rewriting(Stub):
        async def page(self, file, index):
            page = await super().page(file, index)
            (root / "folder" / "long").write_bytes(bytes(len(long)))
            return page

    async def by_pages(fetch, address):
        with pytest.raises(ClusterError, match="changed while it was read"):
            await fetch.by_pages(address, ID, url, [])

    with_fetch(Rewriting(root, page_bytes=PAGE), by_pages)


@pytest.mark.parametrize(
    ("path", "error"), [("{}/nothing", FileNotFoundError), ("{}/../secret", InputError), ("/etc/passwd", InputError)]
)
def test_what_is_wrong_is_said_alike_whole_and_by_pages(root, path, error):
    async def both(fetch, address):
        key = f"file://{path.format(root)}"
        with pytest.raises(error):
            await fetch.whole(address, ID, key)
        with pytest.raises(error):
            await fetch.by_pages(address, ID, key, [])

    with_fetch(Stub(root), both)
