"""
A worker: a member of the cluster that serves the files of the UFS.

One event loop holds everything together; calls to etcd run on threads of their own, so that neither a slow disk nor a
slow etcd delays a keepalive. What to do about membership is decided in `session`; here it is done.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from contextlib import AsyncExitStack
from typing import Any

from aiohttp import web

from harness.core.entity import NetAddress, WorkerEntity
from harness.core.identity import WorkerId
from harness.core.membership import View, alive_key, registered_key
from harness.core.patience import asked_ttl_s
from harness.dora import control, rest
from harness.dora.actions import (
    Answer,
    Call,
    Grant,
    Granted,
    Held,
    KeepAlive,
    KeptAlive,
    NotRegistered,
    Register,
    Registered,
    Report,
    Revoke,
    Revoked,
)
from harness.dora.connections import Connections, http_log
from harness.dora.driver import Driver
from harness.dora.identity import own_identity
from harness.dora.loads import Loads
from harness.dora.members import MEMBERSHIP, Members, Reading, must_be_etcd
from harness.dora.page_store import PageStore
from harness.dora.pages import Pages
from harness.dora.path_ids import PathIds
from harness.dora.report import Reporter
from harness.dora.session import Session
from harness.dora.settings import Settings, run_part
from harness.dora.ufs import Entry, Ufs
from harness.errors import ClusterError, EtcdError
from harness.etcd import Etcd, KeyValue, compare, get, put

_EVERYWHERE = "0.0.0.0"
_SHUTDOWN_S = 0.2


def main(settings: dict[str, Any]) -> int:
    """Run a worker until it is told to stop, is removed or can't go on; see `Settings.of`. Its exit status."""
    return run_part(Worker, settings)


class Worker:
    """Every step is a small method, so that a subclass can get exactly one of them wrong."""

    def __init__(self, settings: Settings, logger: logging.Logger) -> None:
        self.settings, self.properties, self.logger = settings, settings.properties, logger
        must_be_etcd(self.properties.text(MEMBERSHIP))
        self.cluster = self.properties.text("alluxio.cluster.name")
        self.pages = self.new_pages()
        self.id = self.identity()
        self.view: View | None = None

    async def run(self) -> int:
        """Bind the port, join, serve, leave; the exit status. Raises InputError and ClusterError: it can't start."""
        self._loop, self._refresh_now = asyncio.get_running_loop(), asyncio.Event()
        self.ids = PathIds(self.pages.ufs.urls, self.pages.walk, self.logger.warning)
        self.loads = Loads(self.pages, self.page)
        self.etcd = Etcd(self.properties.list("alluxio.etcd.endpoints"), self.settings.etcd_timeout_s)
        self.members = Members(self.etcd, self.cluster)
        async with AsyncExitStack() as at_the_end:
            at_the_end.callback(self.etcd.close)
            at_the_end.callback(self.pages.close)
            at_the_end.push_async_callback(self.loads.close)
            self.session = self.new_session(self.address(await self._serve(at_the_end)))
            reporter = Reporter(self.settings.name, self.settings.history_fd)
            at_the_end.callback(reporter.close)
            self.driver = Driver(self.session, self.perform, self._refresh_now.set, reporter, self.logger)
            at_the_end.callback(self.driver.close)
            if self.settings.control:
                asks = await control.listen(self.settings.control, self._answerers())
                at_the_end.callback(asks.close)
            self._loop.add_signal_handler(signal.SIGTERM, self.driver.stop)
            await self.pages.open()
            self.logger.info("starts as %s, incarnation %d", self.id, self.settings.incarnation)
            self.driver.spawn(self._keep_view())
            self.driver.tick()
            ending = await self.driver.ended
        self.logger.info("ends: %s", ending.reason or "was told to stop")
        return ending.status

    # who it is

    def identity(self) -> WorkerId:
        given = self.properties.text("alluxio.worker.identity.uuid")
        return own_identity(given, self.settings.identity_file, self.logger)

    def address(self, http_port: int) -> NetAddress:
        properties = self.properties
        data_port = properties.int("alluxio.worker.data.port")
        return NetAddress(
            host=properties.text("alluxio.worker.hostname") or socket.gethostname(),
            container_host=properties.text("alluxio.worker.container.hostname"),
            rpc_port=properties.int("alluxio.worker.rpc.port"),
            data_port=data_port,
            netty_data_port=data_port,
            web_port=properties.int("alluxio.worker.web.port"),
            http_server_port=http_port,
        )

    def new_session(self, address: NetAddress) -> Session:
        return Session(WorkerEntity(self.id, address), asked_ttl_s(self.properties))

    # what the session wants of etcd; runs on a thread and may raise EtcdError

    def perform(self, call: Call) -> Answer:
        match call:
            case Grant(ttl_s):
                return self.grant(ttl_s)
            case Register():
                return self.register(call)
            case KeepAlive(lease):
                return self.keepalive(lease)
            case Revoke(lease):
                return self.revoke(lease)

    def grant(self, ttl_s: int) -> Answer:
        return Granted(*self.etcd.grant(ttl_s))

    def register(self, call: Register) -> Answer:
        key, held = registered_key(self.cluster, self.id), call.held
        puts = [put(alive_key(self.cluster, self.id), call.value, call.lease)]
        if held is None or held.value != call.value:
            puts.append(put(key, call.value))
        if held is None:
            unchanged = [compare(key, "version", 0)]
        else:
            unchanged = [compare(key, "create_revision", held.create_revision), compare(key, "value", held.value)]
        outcome = self.etcd.transaction(unchanged, puts, [get(key)])
        if outcome.succeeded:
            return Registered(outcome.revision)
        return NotRegistered(_held(next(iter(outcome.responses[0]), None)))

    def keepalive(self, lease: int) -> Answer:
        return KeptAlive(self.etcd.keepalive(lease))

    def revoke(self, lease: int) -> Answer:
        self.etcd.revoke(lease)
        return Revoked()

    # its view

    async def refresh(self) -> None:
        """Read the members as a client does; the last view is kept where etcd does not answer."""
        try:
            reading = await self.driver.on_thread(self.members.read)
        except EtcdError as error:
            self.logger.warning("keeps its last view: %s", error)
        else:
            self.adopt(reading)

    def adopt(self, reading: Reading) -> None:
        """Take a new view, and look for itself in it."""
        self.view = reading.view
        registered = _held(reading.registered.get(registered_key(self.cluster, self.id)))
        alive = reading.alive.get(alive_key(self.cluster, self.id))
        lease = alive.lease if alive else 0
        self.driver.act(self.session.observe(reading.view.revision, registered, lease, time.monotonic_ns()))

    async def _keep_view(self) -> None:
        interval_s = self.properties.duration_s("alluxio.user.worker.list.refresh.interval")
        while True:
            self._refresh_now.clear()
            await self.refresh()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(interval_s):
                    await self._refresh_now.wait()

    # what it serves

    def credentials(self) -> tuple[str, int] | None:
        if not self.session.is_serving(time.monotonic_ns()):
            return None
        return str(self.id), self.session.lease

    def new_store(self) -> PageStore:
        limit = self.properties.size_bytes("alluxio.worker.page.store.sizes")
        return PageStore(self.settings.page_folder, limit, self.not_kept)

    def not_kept(self, why: str) -> None:
        """Pages can't be cached; comes from a thread, and at most once."""
        with contextlib.suppress(RuntimeError):  # the loop has just been closed
            self._loop.call_soon_threadsafe(lambda: self.driver.act([Report("uncached", {"why": why})]))

    def new_pages(self) -> Pages:
        ufs = Ufs(self.properties.text("alluxio.dora.client.ufs.root"))
        return Pages(ufs, self.new_store(), self.properties.size_bytes("alluxio.worker.page.store.page.size"))

    async def page(self, file: Entry, index: int) -> bytes:
        return await self.pages.page(file, index)

    async def _serve(self, at_the_end: AsyncExitStack) -> int:
        """Listen for HTTP; the port."""
        connections, log = Connections(self.logger), http_log(self.logger)
        served = rest.application(self, connections.middleware)
        runner = web.AppRunner(served, access_log=None, shutdown_timeout=_SHUTDOWN_S, logger=log)
        await runner.setup()
        at_the_end.push_async_callback(runner.cleanup)
        port = self.properties.int("alluxio.worker.http.server.port")
        try:
            made, backlog = connections.of(runner), connections.at_once
            listening = await self._loop.create_server(made, _EVERYWHERE, port, backlog=backlog)
        except OSError as error:
            raise ClusterError(f"can't listen on port {port}: {error.strerror}") from error
        at_the_end.callback(listening.close)
        return int(listening.sockets[0].getsockname()[1])

    # what it says of itself

    def who(self) -> dict[str, Any]:
        self.driver.tick()
        process = {"pid": os.getpid(), "incarnation": self.settings.incarnation}
        return {**process, "id": str(self.id), "state": self.session.state}

    def reported_view(self) -> View | None:
        """The view that it owns up to."""
        return self.view

    def _answerers(self) -> dict[str, control.Answerer]:
        async def state(request: dict[str, Any]) -> dict[str, Any]:
            view = self.reported_view()
            return {**self.who(), "lease": self.session.lease, "revision": view.revision if view else 0}

        async def sample(request: dict[str, Any]) -> dict[str, Any]:
            return control.sample(self.who(), self.reported_view(), request.get("seen"))

        async def view(request: dict[str, Any]) -> dict[str, Any]:
            return control.whole(self.reported_view())

        async def stop(request: dict[str, Any]) -> dict[str, Any]:
            self.driver.stop()
            return {}

        return {"state": state, "view": view, "sample": sample, "stop": stop}


def _held(kv: KeyValue | None) -> Held | None:
    return kv and Held(kv.create_revision, kv.value)
