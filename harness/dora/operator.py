"""
Somebody who acts on etcd as an administrator would, told over a control socket what to do: for the harness' own use.

What is asked (`{"do": "remove-worker", "number": N, "id": ID}`) is recorded before it is tried and when etcd has
answered, as ops with that number for their id; the answer on the socket says the same to whoever waits for it.
"""

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from harness.core.identity import WorkerId
from harness.core.membership import bytes_of
from harness.dora import control
from harness.dora.members import MEMBERSHIP, must_be_etcd, remove
from harness.dora.report import Reporter
from harness.dora.settings import Settings, run_part
from harness.errors import ClusterError, EtcdUnreachable, HarnessError, InputError
from harness.etcd import Etcd, compare, delete, put

_FIRST_REVISION = 1


def main(settings: dict[str, Any]) -> int:
    """Do what is asked until told to stop; see `Settings.of`. Its exit status."""
    return run_part(Operator, settings)


class Operator:
    """One method a word: it gives what to record of the deed and what to do on a thread, which adds to the record."""

    def __init__(self, settings: Settings, logger: logging.Logger) -> None:
        must_be_etcd(settings.properties.text(MEMBERSHIP))
        self._settings, self._logger = settings, logger
        self._cluster = settings.properties.text("alluxio.cluster.name")

    async def run(self) -> int:
        if self._settings.control is None:
            raise InputError("an operator is told what to do over its control socket, and none is given")
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        with ExitStack() as at_the_end:
            self._reporter = Reporter(self._settings.name, self._settings.history_fd)
            at_the_end.callback(self._reporter.close)
            self._etcd = Etcd(self._settings.properties.list("alluxio.etcd.endpoints"), self._settings.etcd_timeout_s)
            at_the_end.callback(self._etcd.close)
            words = {
                "remove-worker": self._remove_worker,
                "write": self._write,
                "erase": self._erase,
                "compact": self._compact,
            }
            server = await control.listen(self._settings.control, words)
            at_the_end.callback(server.close)
            self._reporter.tell("ready", {})
            await ended.wait()
        return 0

    async def _remove_worker(self, request: dict[str, Any]) -> dict[str, Any]:
        worker = WorkerId.parse(request["id"])

        def act() -> dict[str, Any]:
            return {"revision": remove(self._etcd, self._cluster, worker)}

        return await self._carried_out(request, {"id": str(worker)}, act)

    async def _write(self, request: dict[str, Any]) -> dict[str, Any]:
        texts: dict[str, str] = request["texts"]

        def act() -> dict[str, Any]:
            absent = [compare(key, "version", 0) for key in texts]
            outcome = self._etcd.transaction(absent, [put(key, bytes_of(text)) for key, text in texts.items()])
            if not outcome.succeeded:
                raise ClusterError("one of the keys is there already")
            return {"revision": outcome.revision}

        return await self._carried_out(request, {"keys": list(texts)}, act)

    async def _erase(self, request: dict[str, Any]) -> dict[str, Any]:
        def act() -> dict[str, Any]:
            return {"revision": self._etcd.transaction((), [delete(key) for key in request["keys"]]).revision}

        return await self._carried_out(request, {"keys": request["keys"]}, act)

    async def _compact(self, request: dict[str, Any]) -> dict[str, Any]:
        keep = int(request["keep"])

        def act() -> dict[str, Any]:
            revision = max(_FIRST_REVISION + 1, self._etcd.linearizable_revision() - keep)
            self._etcd.compact(revision)
            return {"revision": revision, "refused": self._etcd.is_compacted(revision - 1)}

        return await self._carried_out(request, {"keep": keep}, act)

    async def _carried_out(
        self, request: dict[str, Any], value: dict[str, Any], act: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """Do it, and record it: `fail` where etcd said no, `info` where it did not answer. Raises what `act` raises."""
        f, number = request["do"], request["number"]
        self._reporter.tell(f, value, "invoke", id=number)
        try:
            done = await asyncio.to_thread(self._where_etcd_answers, act)
        except HarnessError as error:
            is_unknown = isinstance(error, EtcdUnreachable)
            self._reporter.tell(f, value, "info" if is_unknown else "fail", str(error), number)
            self._logger.warning("%s %s: %s", f, value, error)
            raise
        self._reporter.tell(f, {**value, **done}, id=number)
        self._logger.info("%s %s: %s", f, value, done)
        return done

    def _where_etcd_answers(self, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Look for a member that is well before anything is done: what is under way can't be told from what is not."""
        self._etcd.find_answering()
        return act()
