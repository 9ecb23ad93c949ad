"""Pages, as Alluxio's Python package asks for them."""

import asyncio
import random

import pytest

from harness.dora.path_ids import PathIds
from tests.dora.stub import PAGE, Stub, ask, client_of, id_of, page_of


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_page_is_found_by_the_hash_of_its_files_path(root, url, long, index):
    status, body, headers = ask(Stub(root, page_bytes=PAGE), page_of(url, index))
    assert (status, body) == (200, long[index * PAGE : (index + 1) * PAGE])
    assert (headers["X-Dora-Worker"], headers["X-Dora-Lease"], headers["X-Dora-Cached"]) == ("worker-7", "7", "0/1")


@pytest.mark.parametrize("index", ["3", "4", "999999999999999"])
def test_a_page_past_the_end_is_404(root, url, index):
    assert ask(Stub(root, page_bytes=PAGE), page_of(url, index))[0] == 404


def test_a_file_that_ends_with_a_page_ends_with_404_after_it(root):
    (root / "even").write_bytes(bytes(2 * PAGE))
    url = f"file://{root}/even"
    assert len(ask(Stub(root, page_bytes=PAGE), page_of(url, 1))[1]) == PAGE
    assert ask(Stub(root, page_bytes=PAGE), page_of(url, 2))[0] == 404


def test_an_empty_file_has_an_empty_page_0(root):
    (root / "empty").write_bytes(b"")
    url = f"file://{root}/empty"
    assert ask(Stub(root), page_of(url, 0))[:2] == (200, b"")
    assert ask(Stub(root), page_of(url, 1))[0] == 404
    assert ask(Stub(root), "/v1/file", path=url)[:2] == (200, b"")


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ((0, 0, PAGE), slice(0, PAGE)),
        ((0, 10, 20), slice(10, 30)),
        ((1, 990, 10), slice(1990, 2000)),
        ((1, 990, 500), slice(1990, 2000)),
        ((2, 0, PAGE), slice(2000, 2500)),
        ((2, 499, 1), slice(2499, 2500)),
        ((2, 700, 10), slice(0, 0)),
        ((0, 5, 0), slice(0, 0)),
        ((0, PAGE, 10), slice(0, 0)),
    ],
)
def test_a_part_of_a_page_is_cut_where_the_page_ends(root, url, long, asked, got):
    index, offset, length = asked
    answer = ask(Stub(root, page_bytes=PAGE), page_of(url, index), offset=offset, length=length)
    assert answer[:2] == (200, long[got])


@pytest.mark.parametrize("index", ["-1", "x", "1.0", "%20", "٣", "1" * 20])
def test_what_is_no_page_number_is_400(root, url, index):
    assert ask(Stub(root, page_bytes=PAGE), f"/v1/file/{id_of(url)}/page/{index}")[0] == 400


@pytest.mark.parametrize(
    "query", [{"offset": "-1"}, {"length": "-1"}, {"offset": "x"}, {"length": ""}, {"offset": 1001}]
)
def test_a_bad_range_is_400(root, url, query):
    assert ask(Stub(root, page_bytes=PAGE), page_of(url, 0), **query)[0] == 400


@pytest.mark.parametrize("id", ["0" * 64, "xyz", "..", "A" * 63, "%2e%2e"])
def test_an_id_that_no_file_has_is_404(root, id):
    assert ask(Stub(root), f"/v1/file/{id}/page/0")[0] == 404


def test_a_path_beside_the_id_spares_looking_for_it_and_opens_nothing_else(root, url, long):
    worker = Stub(root, page_bytes=PAGE)
    worker.ids = PathIds(lambda: pytest.fail("looked"), worker.pages.walk, worker.told.append)
    assert ask(worker, page_of(url, 0), path=url)[:2] == (200, long[:PAGE])
    assert ask(Stub(root), page_of("file:///etc/passwd", 0), path="file:///etc/passwd")[0] == 400
    assert ask(Stub(root, page_bytes=PAGE), page_of(url, 0), path="file:///etc/passwd")[1] == long[:PAGE]


def test_the_next_answer_comes_from_the_cache_and_says_so(root, url, long):
    async def asking():
        async with client_of(Stub(root, page_bytes=PAGE)) as client:
            told = []
            for page, query in ((page_of(url, 1), {}), ("/v1/file", {"path": url}), ("/v1/file", {"path": url})):
                async with client.get(page, params=query) as answer:
                    told.append((len(await answer.read()), answer.headers["X-Dora-Cached"]))
            return told

    assert asyncio.run(asking()) == [(PAGE, "0/1"), (len(long), "1/3"), (len(long), "3/3")]


def test_a_file_that_changed_is_another_version(root, url):
    before = ask(Stub(root), "/v1/file", path=url)
    (root / "folder" / "long").write_bytes(b"new")
    after = ask(Stub(root), "/v1/file", path=url)
    assert (after[1], after[2]["X-Dora-Cached"]) == (b"new", "0/1")
    assert before[2]["ETag"] != after[2]["ETag"] == ask(Stub(root), page_of(url, 0))[2]["ETag"]


def test_ten_megabytes_come_byte_for_byte_from_the_ufs_and_from_the_cache(root):
    contents = random.Random(2).randbytes(10_000_000)
    (root / "big").write_bytes(contents)
    for cached in ("0/10", "10/10"):
        status, body, headers = ask(Stub(root), "/v1/file", path=f"file://{root}/big")
        assert (status, headers["X-Dora-Cached"], headers["Content-Length"]) == (200, cached, "10000000")
        assert body == contents


@pytest.mark.parametrize("size", [100, 200_000])
def test_head_tells_without_the_bytes(root, size):
    (root / "file").write_bytes(bytes(size))
    status, body, headers = ask(Stub(root), "/v1/file", "HEAD", path=f"file://{root}/file")
    assert (status, body, headers["Content-Length"]) == (200, b"", str(size))
