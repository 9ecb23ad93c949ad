"""A worker whose page cache goes wrong in some way: every read is what the UFS has, and the log tells it once."""

import os
import shutil

import pytest

from tests.dora.nodes import http_get

pytestmark = pytest.mark.cluster

SMALL_DISK = """
import resource
from harness.dora.worker import Worker
class Small(Worker):
    def new_store(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        return super().new_store()
"""


def delete(pages):
    shutil.rmtree(pages)


def replace_by_a_file(pages):
    shutil.rmtree(pages)
    pages.write_text("somebody's")


def alter(pages):
    for page in pages.iterdir():
        page.write_bytes(b"rot" * 10_000)


def replace_by_folders(pages):
    for page in pages.iterdir():
        page.unlink()
        page.mkdir()


def replace_by_pipes(pages):
    for page in pages.iterdir():
        page.unlink()
        os.mkfifo(page)


def nothing(pages):
    pass


@pytest.mark.parametrize(
    ("befalls", "told"),
    [
        (nothing, 0),
        (delete, 1),
        (replace_by_a_file, 1),
        (alter, 0),
        (replace_by_folders, 1),
        (replace_by_pipes, 0),
    ],
)
def test_whatever_befalls_its_pages_reads_are_right(tmp_path, ufs, new_worker, befalls, told):
    worker = new_worker()
    all_right(worker, ufs)
    befalls(tmp_path / "worker-1" / "pages")
    for _ in range(3):
        all_right(worker, ufs)
    assert worker.log.read_text().count("pages are not kept") == told


def test_a_full_disk_is_told_once_and_reads_are_right(tmp_path, ufs, new_worker):
    (tmp_path / "small.py").write_text(SMALL_DISK)
    for number in range(20):
        (ufs / f"key-{number}").write_bytes(b"contents %d" % number * 5_000)
    worker = new_worker(part=f"{tmp_path}/small.py:Small")
    for _ in range(3):
        all_right(worker, ufs)
    assert worker.log.read_text().count("File too large") == 1
    assert not list((tmp_path / "worker-1" / "pages").glob("*-*"))


def all_right(worker, ufs):
    ((_, host),) = worker.until_view(online=1)["online"].items()
    for number in range(20):
        status, _, body = http_get(f"http://{host}/v1/file?path=file://{ufs}/key-{number}")
        assert (status, body) == (200, (ufs / f"key-{number}").read_bytes())
    assert "Traceback" not in worker.log.read_text()
