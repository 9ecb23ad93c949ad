import asyncio
import threading

from harness.dora import loads
from tests.dora.stub import PAGE, Stub, client_of, loaded


def with_loads(worker, what):
    async def running():
        async with client_of(worker):
            return await what(worker.loads)

    return asyncio.run(running())


class Slow(Stub):
    """Its pages come when `gate` opens."""

    gate = None

    async def page(self, file, index):
        self.gate = self.gate or asyncio.Event()
        await self.gate.wait()
        return await super().page(file, index)


async def ended(loads, path):
    await loaded()
    told = loads.progress(path)
    return told["jobState"], told["message"]


def test_a_load_that_is_stopped_stays_stopped_and_may_be_submitted_again(root, url):
    async def stop(loads):
        assert loads.submit(url)
        assert loads.submit(url)
        await asyncio.wait(asyncio.all_tasks(), timeout=0)
        assert (loads.stop(url), loads.stop(url)) == (True, False)
        await loaded()
        stopped = loads.progress(url)["jobState"]
        worker.gate = asyncio.Event()
        worker.gate.set()
        loads.submit(url)
        return stopped, await ended(loads, url)

    worker = Slow(root, page_bytes=PAGE)
    assert with_loads(worker, stop) == ("STOPPED", ("SUCCEEDED", "1 files, 3 pages"))


def test_a_load_of_what_goes_wrong_has_failed_and_says_why(root):
    async def of_nothing(loads):
        loads.submit(f"file://{root}/nothing")
        return await ended(loads, f"file://{root}/nothing")

    assert with_loads(Stub(root), of_nothing) == ("FAILED", f"0 files, 0 pages: file://{root}/nothing: no such file")


def test_a_load_that_fails_in_a_way_that_nobody_foresaw_has_failed_too(root, url):
    class Poor(Stub):
        async def page(self, file, index):
            raise MemoryError

    async def of_a_file(loads):
        loads.submit(url)
        return await ended(loads, url)

    assert with_loads(Poor(root), of_a_file) == ("FAILED", "1 files, 0 pages: MemoryError")


def test_a_load_of_a_ufs_that_hangs_fails_in_time_and_another_goes_on(root, url, monkeypatch):
    monkeypatch.setattr(loads, "_LIST_S", 0.05)
    gate, worker = threading.Event(), Stub(root, page_bytes=PAGE)
    urls = worker.pages.ufs.urls
    monkeypatch.setattr(worker.pages.ufs, "urls", lambda path: iter(gate.wait, True) if path == "hangs" else urls(path))

    async def hang(loads):
        loads.submit("hangs")
        hung = await ended(loads, "hangs")
        loads.submit(url)
        told = hung, await ended(loads, url)
        gate.set()
        return told

    hung, other = with_loads(worker, hang)
    assert hung == ("FAILED", "0 files, 0 pages: it has not answered for 0.05 s")
    assert other == ("SUCCEEDED", "1 files, 3 pages")


def test_a_linked_folder_is_not_gone_round_in(root, url):
    (root / "folder" / "loop").symlink_to(root)

    async def everything(loads):
        loads.submit(f"file://{root}/folder")
        return await ended(loads, f"file://{root}/folder")

    assert with_loads(Stub(root, page_bytes=PAGE), everything)[0] == "SUCCEEDED"


def test_no_more_jobs_than_can_be_remembered(root, url, monkeypatch):
    monkeypatch.setattr(loads, "_JOBS_MAX", 2)

    async def three(jobs):
        running = [jobs.submit(f"{url}?{number}") for number in range(3)]
        for number in range(2):
            await ended(jobs, f"{url}?{number}")
        return running, jobs.submit(url), jobs.progress(f"{url}?0")["message"]

    running, later, forgotten = with_loads(Stub(root), three)
    assert (running, later) == ([True, True, False], True)
    assert forgotten == "0 files, 0 pages: no load of it was submitted"
