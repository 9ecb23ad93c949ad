"""Jobs that load a file, or all files of a folder, into the page cache before anybody reads them."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from harness.dora.pages import Pages
from harness.dora.threads import in_time
from harness.dora.ufs import Entry
from harness.errors import InputError

JobState = Literal["RUNNING", "SUCCEEDED", "FAILED", "STOPPED"]

_JOBS_MAX = 1000
_AT_ONCE = 2
_LIST_S = 600.0


@dataclass
class Job:
    """`why` it failed."""

    state: JobState = "RUNNING"
    files: int = 0
    pages: int = 0
    why: str = ""
    task: "asyncio.Task[None] | None" = None


_UNKNOWN = Job("FAILED", why="no load of it was submitted")


class Loads:
    """One job a path; the oldest that have ended are forgotten. Used within one event loop."""

    def __init__(self, pages: Pages, page: Callable[[Entry, int], Awaitable[bytes]]) -> None:
        self._pages, self._page = pages, page
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def submit(self, path: str) -> bool:
        """Begin, unless that very job runs; False where too many do."""
        job = self._jobs.get(path)
        if job and job.state == "RUNNING":
            return True
        self._forget()
        if len(self._jobs) >= _JOBS_MAX:
            return False
        job = self._jobs[path] = Job()
        self._jobs.move_to_end(path)
        job.task = asyncio.create_task(self._run(job, path), name=f"load {path}")
        return True

    def progress(self, path: str) -> dict[str, str]:
        """`jobState` and `message`; FAILED for a path that was never submitted, as Alluxio has it."""
        job = self._jobs.get(path, _UNKNOWN)
        done = f"{job.files} files, {job.pages} pages"
        return {"jobState": job.state, "message": f"{done}: {job.why}" if job.why else done}

    def stop(self, path: str) -> bool:
        """Whether there was one to stop."""
        job = self._jobs.get(path)
        if job is None or job.state != "RUNNING" or job.task is None:
            return False
        job.state = "STOPPED"
        job.task.cancel()
        return True

    async def close(self) -> None:
        tasks = [job.task for job in self._jobs.values() if job.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, job: Job, path: str) -> None:
        try:
            async with self._turns:
                await self._load(job, path)
        except Exception as error:  # nobody waits for it: what it came to is found in its state alone
            job.state, job.why = "FAILED", str(error) or type(error).__name__
        else:
            job.state = "SUCCEEDED"

    async def _load(self, job: Job, path: str) -> None:
        async with in_time(_LIST_S):
            urls: list[str] = await self._pages.walk(list, self._pages.ufs.urls(path))
        for url in urls:
            try:
                file = await self._pages.look(self._pages.ufs.file, url)
            except (FileNotFoundError, InputError):  # it has gone, or is a link to no file of the UFS
                continue
            job.files += 1
            for index in range(self._pages.count(file)):
                await self._page(file, index)
                job.pages += 1

    def _forget(self) -> None:
        ended = [path for path, job in self._jobs.items() if job.state != "RUNNING"]
        for path in ended[: max(0, len(self._jobs) - _JOBS_MAX + 1)]:
            del self._jobs[path]
