"""
A client: keeps a view of the members, computes for itself which worker owns a key, and reads from it.

An owner that does not serve is followed by the next candidates, then by the UFS itself. Without any view there is no
answer: an empty ring is what etcd says, never what a client does not know yet.
"""

import asyncio
import hashlib
import logging
import os
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp

from harness.core.identity import WorkerId
from harness.core.membership import Member, View
from harness.core.ring import Ring
from harness.dora import control
from harness.dora.fetch import Fetch, Part, Served
from harness.dora.members import MEMBERSHIP, Members, must_be_etcd
from harness.dora.settings import Settings, run_part
from harness.dora.threads import PATIENCE_S, Threads, in_time
from harness.dora.ufs import Ufs
from harness.errors import ClusterError, EtcdError, NotReadyError
from harness.etcd import Etcd

CANDIDATES_MAX = 3
READ_TIMEOUT_S = 1.0
_PARTS_TOLD, _UFS_THREADS = 32, 4
UFS = "ufs"
_FIRST_VIEW_RETRY_S = 0.1


def main(settings: dict[str, Any]) -> int:
    """Run a client, asked over its control socket, until it is told to stop; see `Settings.of`. Its exit status."""
    return run_part(Client, settings)


@dataclass(frozen=True)
class Known:
    """A view and its ring, which always change together."""

    view: View
    ring: Ring

    def member(self, worker: WorkerId) -> Member | None:
        return next((member for member in self.view.members if member.id == worker), None)


@dataclass(frozen=True)
class Found:
    owner: WorkerId
    revision: int


@dataclass(frozen=True)
class Fetched:
    """
    `owner` is None on an empty ring; `asked` are the addresses, `host:port`, at which those of `tried` were asked;
    None for one that the view does not have. `parts` are the pages that came, those of workers that broke off included;
    none where files were asked for whole.
    """

    owner: WorkerId | None
    revision: int
    tried: tuple[WorkerId, ...]
    asked: tuple[str | None, ...]
    served: Served
    parts: tuple[Part, ...] = ()


class Client:
    """
    As a library: `start`, then `owner` and `read` within the same event loop, at last `close`.

    Every step is a small method, so that a subclass can get exactly one of them wrong.
    """

    def __init__(self, settings: Settings, logger: logging.Logger) -> None:
        self.settings, self.properties, self.logger = settings, settings.properties, logger
        must_be_etcd(self.properties.text(MEMBERSHIP))
        self.ufs = Ufs(self.properties.text("alluxio.dora.client.ufs.root"))
        self.known: Known | None = None
        self._one_at_a_time = asyncio.Lock()

    async def start(self) -> None:
        """Begin to refresh; does not wait for the first view."""
        self.etcd = Etcd(self.properties.list("alluxio.etcd.endpoints"), self.settings.etcd_timeout_s)
        self.members = Members(self.etcd, self.properties.text("alluxio.cluster.name"))
        # A connection of its own for each read: one kept to a worker that restarted meanwhile would be a false failure.
        connector = aiohttp.TCPConnector(force_close=True)
        timeout = aiohttp.ClientTimeout(total=READ_TIMEOUT_S)
        self._http = aiohttp.ClientSession(connector=connector, timeout=timeout)
        self._workers = Fetch(self._http, self.properties.size_bytes("alluxio.worker.page.store.page.size"))
        self._reads = Threads("ufs", _UFS_THREADS, PATIENCE_S)
        self._refreshing = asyncio.create_task(self._keep_view())

    async def close(self) -> None:
        self._refreshing.cancel()
        await asyncio.gather(self._refreshing, return_exceptions=True)
        await self._http.close()
        self._reads.close()
        self.etcd.close()

    def owner(self, key: str) -> Found:
        """The worker that `key` belongs to. Raises NotReadyError without a view, LookupError if no worker is there."""
        known = self.current()
        candidates = self.candidates(known, key, 1)
        if not candidates:
            raise LookupError(f"no worker is on the ring at revision {known.view.revision}")
        return Found(candidates[0], known.view.revision)

    async def read(self, key: str, by_pages: bool = False) -> Fetched:
        """
        The file `key`, from its owner, else from another candidate, else from the UFS; asked for whole, or by pages.

        Raises FileNotFoundError, InputError for a path outside the UFS, NotReadyError without a view, and ClusterError
        when nobody answered and the UFS is not to be read.
        """
        known = self.current()
        candidates = self.candidates(known, key, CANDIDATES_MAX)
        owner = candidates[0] if candidates else None
        asked, parts = list[str | None](), list[Part]()
        for place, worker in enumerate(candidates, 1):
            asked.append(self.address(known, worker))
            try:
                served = await self.fetch(asked[-1], worker, key, parts if by_pages else None)
            except (aiohttp.ClientError, OSError, ClusterError) as error:
                if isinstance(error, FileNotFoundError):
                    raise
                self.logger.warning("%s of %s: %s", worker, key, error or type(error).__name__)
            else:
                tried = tuple(candidates[:place])
                return Fetched(owner, known.view.revision, tried, tuple(asked), served, tuple(parts))
        served = Served(UFS, await self.fall_back(key))
        return Fetched(owner, known.view.revision, tuple(candidates), tuple(asked), served, tuple(parts))

    def current(self) -> Known:
        """What an operation goes by from its beginning to its end."""
        if self.known is None:
            raise NotReadyError("no view yet: etcd has not answered")
        return self.known

    def candidates(self, known: Known, key: str, count: int) -> Sequence[WorkerId]:
        """The workers to ask for `key`, its owner first; none on an empty ring."""
        return known.ring.owners(key, count) if known.ring.ids else ()

    def address(self, known: Known, worker: WorkerId) -> str | None:
        """Where to ask a worker, `host:port`; None for one that the view does not have."""
        member = known.member(worker)
        return member.address.http if member else None

    async def fetch(self, address: str | None, worker: WorkerId, key: str, parts: list[Part] | None = None) -> Served:
        """From one worker, by pages where there is a list for them. Raises as `Fetch` does."""
        if address is None:
            raise ClusterError("not in the view")
        if parts is None:
            return await self._workers.whole(address, worker, key)
        return await self._workers.by_pages(address, worker, key, parts)

    async def fall_back(self, key: str) -> bytes:
        if not self.properties.bool("alluxio.dora.client.ufs.fallback.enabled"):
            raise ClusterError(f"{key}: no candidate answered, and the UFS is not to be read instead")
        async with in_time(PATIENCE_S):
            return await self._reads.run(self.ufs.read, key)

    # its view

    async def refresh(self) -> None:
        """Read the members; the last view is kept where etcd does not answer."""
        async with self._one_at_a_time:
            try:
                known = await asyncio.to_thread(self.newest)
            except EtcdError as error:
                self.logger.warning("keeps its last view: %s", error)
            else:
                self.adopt(known)

    def newest(self) -> Known:
        """The view as etcd has it and its ring, built anew only for another set of members. Runs on a thread."""
        view = self.members.read().view
        ids = view.on_ring(self.properties.bool("alluxio.user.dynamic.consistent.hash.ring.enabled"))
        if self.known and self.known.ring.ids == ids:
            return Known(view, self.known.ring)
        return Known(view, self.build_ring(ids))

    def build_ring(self, ids: Sequence[WorkerId]) -> Ring:
        vnodes = "alluxio.user.worker.selection.policy.consistent.hash.virtual.node.count.per.worker"
        return self.known.ring.changed(ids) if self.known else Ring.build(ids, self.properties.int(vnodes))

    def adopt(self, known: Known) -> None:
        if self.known is None or self.known.ring is not known.ring:
            self.logger.info("%d workers on the ring at revision %d", len(known.ring.ids), known.view.revision)
        self.known = known

    async def _keep_view(self) -> None:
        interval_s = self.properties.duration_s("alluxio.user.worker.list.refresh.interval")
        while True:
            await self.refresh()
            await asyncio.sleep(interval_s if self.known else min(interval_s, _FIRST_VIEW_RETRY_S))

    # as a process

    async def run(self) -> int:
        """Answer over the control socket until SIGTERM; the exit status."""
        self._stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._stopped.set)
        async with AsyncExitStack() as at_the_end:
            await self.start()
            at_the_end.push_async_callback(self.close)
            if self.settings.control:
                asks = await control.listen(self.settings.control, self._answerers())
                at_the_end.callback(asks.close)
            self.logger.info("starts, process %d, incarnation %d", os.getpid(), self.settings.incarnation)
            stopped = asyncio.create_task(self._stopped.wait())
            await asyncio.wait((stopped, self._refreshing), return_when=asyncio.FIRST_COMPLETED)
            if self._refreshing.done():
                self._refreshing.result()
        self.logger.info("ends: was told to stop")
        return 0

    def who(self) -> dict[str, Any]:
        state = "ready" if self.known else "no-view"
        return {"pid": os.getpid(), "incarnation": self.settings.incarnation, "id": None, "state": state}

    def reported_view(self) -> View | None:
        """The view that it owns up to."""
        return self.known.view if self.known else None

    def _answerers(self) -> dict[str, control.Answerer]:
        async def state(request: dict[str, Any]) -> dict[str, Any]:
            view = self.reported_view()
            return {**self.who(), "revision": view.revision if view else 0}

        async def sample(request: dict[str, Any]) -> dict[str, Any]:
            return control.sample(self.who(), self.reported_view(), request.get("seen"))

        async def view(request: dict[str, Any]) -> dict[str, Any]:
            return control.whole(self.reported_view())

        async def lookup(request: dict[str, Any]) -> dict[str, Any]:
            found = self.owner(request["key"])
            return {"owner": str(found.owner), "revision": found.revision}

        async def read(request: dict[str, Any]) -> dict[str, Any]:
            return _told(await self.read(request["key"], request.get("by_pages", False)))

        async def stop(request: dict[str, Any]) -> dict[str, Any]:
            self._stopped.set()
            return {}

        return {"state": state, "view": view, "sample": sample, "lookup": lookup, "read": read, "stop": stop}


def _told(read: Fetched) -> dict[str, Any]:
    return {
        "owner": read.owner and str(read.owner),
        "revision": read.revision,
        "tried": [str(worker) for worker in read.tried],
        "asked": list(read.asked),
        "served_by": read.served.by,
        "length": len(read.served.contents),
        "sha256": hashlib.sha256(read.served.contents).hexdigest(),
        "hits": read.served.hits,
        "misses": read.served.misses,
        "parts": [part.to_json() for part in read.parts[:_PARTS_TOLD]],
    }
