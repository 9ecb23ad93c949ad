"""A UFS that hangs costs those reads that need it, and no others."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.dora.hanging import hanging
from tests.dora.nodes import http_get

pytestmark = pytest.mark.cluster

FILES = 12
IMPATIENT = """
from harness.dora.pages import Pages
from harness.dora.worker import Worker

class Impatient(Worker):
    def new_pages(self):
        pages = super().new_pages()
        return Pages(pages.ufs, self.new_store(), pages.page_bytes, patience_s=1)
"""


@pytest.fixture
def at(tmp_path, ufs, new_worker):
    """A worker that waits for a second only, and the address of its files."""
    (tmp_path / "impatient.py").write_text(IMPATIENT)
    worker = new_worker(part=f"{tmp_path}/impatient.py:Impatient")
    ((_, host),) = worker.until_view(online=1)["online"].items()
    return worker, f"http://{host}/v1/file?path=file://{ufs}/"


def test_a_hanging_ufs_is_504_and_what_is_cached_is_served_meanwhile(ufs, at):
    worker, url = at
    assert http_get(f"{url}key-1")[2] == b"contents 1"
    names = [f"key-{number}" for number in range(2, 2 + FILES)]
    with hanging(*(ufs / name for name in names)), ThreadPoolExecutor(3 * FILES) as threads:
        hung = [threads.submit(http_get, f"{url}{name}") for name in names * 3]
        while not all(ask.done() for ask in hung):
            status, headers, body = http_get(f"{url}key-1")
            assert (status, body, headers["X-Dora-Cached"]) == (200, b"contents 1", "1/1")
            assert http_get(url.replace("/v1/file?", "/v1/health?"))[0] == 200
        told = [ask.result() for ask in hung]
        assert {(status, body) for status, _, body in told} == {(504, b"the UFS hangs: it has not answered for 1 s\n")}
        assert http_get(f"{url}key-19")[2] == b"contents 19"
    assert [http_get(f"{url}{name}")[0] for name in names] == [200] * FILES
    assert "Traceback" not in worker.log.read_text()


def test_a_worker_ends_though_reads_hang(ufs, at):
    worker, url = at
    with hanging(ufs / "key-2"):
        assert http_get(f"{url}key-2")[0] == 504
        worker.signal("TERM")
        assert worker.exit_status() == 0


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: os.mknod(path, 0o140600)])
def test_what_is_neither_file_nor_folder_is_refused_at_once(ufs, at, make):
    _, url = at
    make(ufs / "odd")
    os.symlink(ufs / "odd", ufs / "way")
    for name in ("odd", "way"):
        for page in ("/v1/file", "/v1/info", "/v1/files"):
            assert http_get(f"{url}{name}".replace("/v1/file", page))[0] == 404
    assert b"odd" not in http_get(url.removesuffix("/").replace("/v1/file", "/v1/files"))[2]
