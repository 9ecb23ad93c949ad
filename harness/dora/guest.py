"""
A client of somebody else in the place of ours: a command that reads JSON lines on stdin and answers them on stdout.

The node's process becomes the command itself, so that whatever befalls the node befalls it, and its end is the node's.
A bridge beside it, which ends when it does, answers on the node's control socket by asking the command:

  {"id": 1, "do": "view"}                 {"id": 1, "members": [WORKER]}
  {"id": 2, "do": "lookup", "key": KEY}   {"id": 2, "owner": WORKER}
  {"id": 3, "do": "read", "key": KEY}     {"id": 3, "owner": WORKER, "served_by": WORKER, "length": N, "sha256": HEX}
                                          {"id": 3, "error": TEXT, "owner": WORKER}

WORKER is `host:port` of its HTTP server, or an identity. Answers come in any order; whoever asks does not wait for one
before the next. An error before there is a first view is the answer of a client that has none yet. The owner may be
null or left out where the command can't tell which one it was while it read.
"""

import asyncio
import hashlib
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from harness.dora import control
from harness.dora.seldom import Seldom
from harness.dora.settings import log_to_stderr
from harness.errors import ClusterError, InputError

_LINE_BYTES = 1 << 22
_ANSWER_S = 60.0
_SILENT = "the command has closed its stdin or stdout"
_NO_PROGRAM = 127
_FACTS: dict[str, dict[str, Any]] = {
    "lookup": {"owner": str},
    "read": {"owner": str | None, "served_by": str, "length": int, "sha256": str},
}
"""What an answer has to hold, and of which kind."""
_WORKERS = ("owner", "served_by")


def main(settings: dict[str, Any]) -> int:
    """Become the command, with a bridge beside it; returns only where there is no such program."""
    logger = log_to_stderr(settings["name"])
    os.close(settings["history_fd"])
    (asked, asks), (answers, answered) = os.pipe(), os.pipe()
    node = os.getpid()
    alive = os.pidfd_open(node)
    if not (child := os.fork()):
        os.close(asked)
        os.close(answered)
        if not os.fork():  # its parent ends at once, so it is no child that the command would have to care for
            _bridge(Guest(settings, node, logger), alive, asks, answers)
        os._exit(0)
    os.waitpid(child, 0)
    os.dup2(asked, 0)
    os.dup2(answered, 1)
    os.environ.pop("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", None)  # for etcd3 in our own processes
    os.chdir(settings["folder"])
    command = settings["command"]
    logger.info("starts %s, process %d, incarnation %d", command, node, settings["incarnation"])
    try:
        os.execvp(command[0], command)
    except OSError as error:
        logger.critical("can't run %s: %s", command[0], error.strerror)
    return _NO_PROGRAM


def _bridge(guest: "Guest", alive: int, asks: int, answers: int) -> None:
    try:
        asyncio.run(guest.serve(alive, asks, answers))
    finally:
        sys.stderr.flush()
        os._exit(0)


class Guest:
    """The command, as seen from the bridge; the file `identities` has those of the addresses that it may tell."""

    def __init__(self, settings: dict[str, Any], pid: int, logger: logging.Logger) -> None:
        self._control = settings["control"]
        self._identities: dict[str, str] = json.loads(Path(settings["identities"]).read_text())
        self._who = {"pid": pid, "incarnation": settings["incarnation"], "id": None}
        self._logger = logger
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._complaints, self._is_silent = Seldom(), False

    async def serve(self, alive: int, asks: int, answers: int) -> None:
        """Until the process that the descriptor `alive` stands for has ended."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(alive, ended.set)
        reader = asyncio.StreamReader(limit=_LINE_BYTES)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(answers, "rb"))
        self._pipe, _ = await loop.connect_write_pipe(lambda: _Asking(self._fall_silent), os.fdopen(asks, "wb"))
        listening = asyncio.create_task(self._listen(reader))
        asked = await control.listen(self._control, self._answerers())
        await ended.wait()
        listening.cancel()
        asked.close()

    async def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """What the command answers, its `error` included. Raises ClusterError where it does not, or can't be asked."""
        if self._is_silent:
            raise ClusterError(_SILENT)
        if self._pipe.get_write_buffer_size() > _LINE_BYTES:
            raise ClusterError(f"the command has {_LINE_BYTES} bytes of questions to read")
        number, answer = next(self._numbers), asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._pipe.write(json.dumps({"id": number, "do": do, **fields}).encode() + b"\n")
        try:
            async with asyncio.timeout(_ANSWER_S):
                return dict(await answer)
        except TimeoutError as error:
            raise ClusterError(f"the command has not answered for {_ANSWER_S:g} s") from error
        finally:
            del self._waiting[number]

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while line := await self._line(reader):
            try:
                answer = json.loads(line)
                waiting = self._waiting.get(answer["id"])
            except (ValueError, TypeError, LookupError, RecursionError):
                self._complain(repr(line[:200]))
            else:
                if waiting and not waiting.done():
                    waiting.set_result(answer)
        self._fall_silent()

    def _fall_silent(self) -> None:
        """What it closed it never opens again."""
        self._is_silent = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ClusterError(_SILENT))

    def _complain(self, of: str) -> None:
        if self._complaints.is_due():
            self._logger.warning("this is no answer: %s (%d so far)", of, self._complaints.count)

    async def _line(self, reader: asyncio.StreamReader) -> bytes:
        """The next that is not too long; empty where the command says no more."""
        while True:
            try:
                return await reader.readline()
            except ValueError:  # the reader drops what it has of it; its rest is no answer either
                self._complain(f"more than {_LINE_BYTES} bytes without an end")

    def _answerers(self) -> dict[str, control.Answerer]:
        async def sample(request: dict[str, Any]) -> dict[str, Any]:
            answer = await self.ask("view")
            if "error" in answer:
                return {**self._who, "state": "no-view", "revision": None, "digest": "", "view": None}
            members = sorted(map(self._named, _list_of_texts(answer)))
            digest = hashlib.sha256(json.dumps(members).encode()).hexdigest()
            news = None if digest == request.get("seen") else {"members": members}
            return {**self._who, "state": "ready", "revision": None, "digest": digest, "view": news}

        async def view(request: dict[str, Any]) -> dict[str, Any]:
            answer = await self.ask("view")
            if "error" in answer:
                raise ClusterError(str(answer["error"]))
            return {"members": sorted(map(self._named, _list_of_texts(answer)))}

        async def lookup(request: dict[str, Any]) -> dict[str, Any]:
            return self._told("lookup", await self.ask("lookup", key=request["key"]))

        async def read(request: dict[str, Any]) -> dict[str, Any]:
            return self._told("read", await self.ask("read", key=request["key"]))

        return {"sample": sample, "view": view, "lookup": lookup, "read": read}

    def _told(self, do: str, answer: Mapping[str, Any]) -> dict[str, Any]:
        """As one of our clients would tell it, without a revision. Raises InputError where a fact is missing."""
        workers = {name: self._named(answer[name]) for name in _WORKERS if isinstance(answer.get(name), str)}
        if "error" in answer:
            return {"ok": False, "error": str(answer["error"]), **workers}
        wrong = [name for name, kind in _FACTS[do].items() if not isinstance(answer.get(name), kind)]
        if wrong:
            raise InputError(f"the answer to {do} lacks {' and '.join(wrong)}, or they are of another kind")
        return {**{name: answer.get(name) for name in _FACTS[do]}, **workers, "revision": None}

    def _named(self, worker: str) -> str:
        """The identity of the worker at an address; what is none stays as it is."""
        return self._identities.get(worker, worker)


class _Asking(asyncio.Protocol):
    """The way to the command's stdin, until that is closed."""

    def __init__(self, on_closed: Callable[[], None]) -> None:
        self._on_closed = on_closed

    def connection_lost(self, error: Exception | None) -> None:
        self._on_closed()


def _list_of_texts(answer: Mapping[str, Any]) -> list[str]:
    members = answer.get("members")
    if not isinstance(members, list) or not all(isinstance(member, str) for member in members):
        raise InputError(f"the answer to view lacks members, or they are no list of texts: {members!r}")
    return members
