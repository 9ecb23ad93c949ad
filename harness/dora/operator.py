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
from harness.dora import control
from harness.dora.members import MEMBERSHIP, must_be_etcd, remove
from harness.dora.report import Reporter
from harness.dora.settings import Settings, run_part
from harness.errors import EtcdUnreachable, HarnessError, InputError
from harness.etcd import Etcd


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
            server = await control.listen(self._settings.control, {"remove-worker": self._remove_worker})
            at_the_end.callback(server.close)
            self._reporter.tell("ready", {})
            await ended.wait()
        return 0

    async def _remove_worker(self, request: dict[str, Any]) -> dict[str, Any]:
        worker = WorkerId.parse(request["id"])

        def act() -> dict[str, Any]:
            return {"revision": remove(self._etcd, self._cluster, worker)}

        return await self._carried_out(request, {"id": str(worker)}, act)

    async def _carried_out(
        self, request: dict[str, Any], value: dict[str, Any], act: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """Do it, and record it: `fail` where etcd said no, `info` where it did not answer. Raises what `act` raises."""
        f, number = request["do"], request["number"]
        self._reporter.tell(f, value, "invoke", id=number)
        try:
            done = await asyncio.to_thread(act)
        except HarnessError as error:
            is_unknown = isinstance(error, EtcdUnreachable)
            self._reporter.tell(f, value, "info" if is_unknown else "fail", str(error), number)
            self._logger.warning("%s %s: %s", f, value, error)
            raise
        self._reporter.tell(f, {**value, **done}, id=number)
        self._logger.info("%s %s: %s", f, value, done)
        return done
