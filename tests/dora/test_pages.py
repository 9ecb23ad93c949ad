import asyncio
import random
import threading

import pytest

from harness.dora.page_store import PageStore
from harness.dora.pages import ChangedError, Pages
from harness.dora.ufs import Ufs
from tests.dora.stub import PAGE


class CountingUfs(Ufs):
    """Knows which ranges were read; `meanwhile` is done after each."""

    def __init__(self, root):
        super().__init__(root)
        self.reads, self.meanwhile = [], lambda: None

    def read_range(self, file, start, end):
        self.reads.append((start, end))
        contents = super().read_range(file, start, end)
        self.meanwhile()
        return contents


@pytest.fixture
def ufs(root):
    return CountingUfs(f"file://{root}")


@pytest.fixture
def with_pages(tmp_path, ufs):
    """Run a coroutine function with the pages of a fresh process."""

    def run(what, limit=1 << 20):
        async def running():
            pages = Pages(ufs, PageStore(tmp_path / "pages", limit, lambda why: None), PAGE)
            await pages.open()
            try:
                return await what(pages)
            finally:
                pages.close()

        return asyncio.run(running())

    return run


async def whole(pages, file):
    return b"".join([await pages.page(file, index) for index in range(pages.count(file))])


def test_the_pages_of_a_file_are_the_file_and_only_ranges_are_read(ufs, with_pages, long, url):
    assert with_pages(lambda pages: whole(pages, ufs.file(url))) == long
    assert ufs.reads == [(0, 1000), (1000, 2000), (2000, 2500)]


def test_cached_pages_are_not_read_again_by_the_next_process_either(ufs, with_pages, long, url):
    async def look(pages):
        file = ufs.file(url)
        return pages.cached(file), pages.has(file, 2), pages.has(file, 3), await whole(pages, file)

    with_pages(lambda pages: whole(pages, ufs.file(url)))
    assert with_pages(look) == (3, True, False, long)
    assert len(ufs.reads) == 3


def test_many_who_want_one_missing_page_load_it_once(ufs, with_pages, long, url):
    async def all_at_once(pages):
        file = ufs.file(url)
        return await asyncio.gather(*(pages.page(file, 1) for _ in range(50)))

    assert set(with_pages(all_at_once)) == {long[PAGE : 2 * PAGE]}
    assert ufs.reads == [(1000, 2000)]


def test_who_gives_up_takes_nothing_from_the_others(ufs, with_pages, long, url):
    async def one_gives_up(pages):
        file = ufs.file(url)
        first, second = (asyncio.create_task(pages.page(file, 0)) for _ in range(2))
        await asyncio.wait((first, second), timeout=0)
        first.cancel()
        return await second

    assert with_pages(one_gives_up) == long[:PAGE]


def test_a_file_that_changed_is_read_anew_though_its_size_is_the_same(root, ufs, with_pages, long, url):
    async def before_and_after(pages):
        await whole(pages, ufs.file(url))
        (root / "new").write_bytes(long[::-1])
        (root / "new").rename(root / "folder" / "long")
        return await whole(pages, ufs.file(url))

    assert with_pages(before_and_after) == long[::-1]


def test_a_file_that_changes_while_it_is_read_gives_no_page_and_caches_none(root, ufs, with_pages, long, url):
    async def meanwhile(pages):
        file = ufs.file(url)
        ufs.meanwhile = lambda: (root / "folder" / "long").write_bytes(b"other")
        with pytest.raises(ChangedError):
            await pages.page(file, 0)
        return pages.cached(file), pages.cached(ufs.file(url))

    assert with_pages(meanwhile) == (0, 0)


def test_a_file_that_is_shorter_than_it_was_gives_no_page(root, ufs, with_pages, long, url):
    async def shorter(pages):
        file = ufs.file(url)
        (root / "folder" / "long").write_bytes(long[:1500])
        with pytest.raises(ChangedError):
            await pages.page(file, 1)

    with_pages(shorter)


def test_a_file_that_goes_away_is_not_found(root, ufs, with_pages, long, url):
    async def away(pages):
        file = ufs.file(url)
        (root / "folder" / "long").unlink()
        with pytest.raises(FileNotFoundError):
            await pages.page(file, 0)

    with_pages(away)


def test_without_room_every_read_is_one_of_the_ufs(ufs, with_pages, long, url):
    async def twice(pages):
        return [await whole(pages, ufs.file(url)) for _ in range(2)]

    assert with_pages(twice, limit=1) == [long, long]
    assert len(ufs.reads) == 6


def test_other_file_systems_work_too():
    import fsspec

    contents = random.Random(3).randbytes(2500)
    fsspec.filesystem("memory").pipe_file("/pages-test/a", contents)
    ufs = Ufs("memory://pages-test")
    file = ufs.file("memory:///pages-test/a")
    assert (file.size, ufs.read_range(file, 1000, 1010)) == (2500, contents[1000:1010])
    fsspec.filesystem("memory").pipe_file("/pages-test/a", contents)
    assert ufs.file("memory:///pages-test/a").version != file.version
    assert list(ufs.urls()) == ["memory:///pages-test/a"]


class HangingStore(PageStore):
    """Its disk hangs until it is `mended`."""

    def __init__(self, folder):
        super().__init__(folder, 1 << 20, lambda why: None)
        self.mended = threading.Event()

    def read(self, name):
        self.mended.wait()
        return super().read(name)

    def write(self, name, contents):
        self.mended.wait()
        super().write(name, contents)


@pytest.mark.parametrize("is_cached", [True, False])
def test_where_the_caches_disk_hangs_pages_are_read_from_the_ufs(with_pages, tmp_path, ufs, url, is_cached):
    async def hanging():
        store = HangingStore(tmp_path / "pages")
        pages = Pages(ufs, store, PAGE, patience_s=60, cache_patience_s=0.05)
        await pages.open()
        try:
            return await pages.page(ufs.file(url), 0), pages.has(ufs.file(url), 0)
        finally:
            store.mended.set()
            pages.close()

    if is_cached:
        with_pages(lambda pages: pages.page(ufs.file(url), 0))
    assert asyncio.run(hanging()) == (ufs.read_range(ufs.file(url), 0, PAGE), is_cached)
    assert len(ufs.reads) == 2 + is_cached
