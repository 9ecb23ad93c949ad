"""
The clients' operations: lookups and reads at a steady rate, each recorded before it is asked and when it is answered.

A program of its own in the sandbox; it asks the clients over their control sockets. No answer in time, or a connection
that breaks, is `info`; one that nobody accepted is `fail`, for the request never left.
"""

import asyncio
import random
import signal
import time
from collections.abc import Callable, Coroutine
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from harness.control_line import Line, listen
from harness.core.history import WORKLOAD, Op, OpType
from harness.recorder import Writer

_TIMEOUT_S = 5.0
_IN_FLIGHT_MAX = 16
_FINAL_READS = 50


def main(settings: dict[str, Any]) -> int:
    asyncio.run(_work(settings, Writer(settings["history_fd"])))
    return 0


async def _work(settings: dict[str, Any], writer: Writer) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    homes = Path(settings["home"]).parent
    numbers = count(1)
    asked = [Client(name, str(homes / name / "control.sock"), writer.send, numbers) for name in settings["clients"]]
    workload = Workload(settings, asked, writer)
    server = await listen(settings["control"], workload.told)
    writer.fact(WORKLOAD, "ready", {})
    await ended.wait()
    server.close()
    workload.end()
    for client in asked:
        client.close()


class Client:
    """One client of the cluster, asked over as many lines as there are ops in flight."""

    def __init__(self, name: str, path: str, send: Callable[[Op], None], numbers: "count[int]") -> None:
        self.name, self._path, self._send, self._numbers = name, path, send, numbers
        self._idle: list[Line] = []
        self._reads = 0
        self._places = asyncio.Semaphore(_IN_FLIGHT_MAX)

    def close(self) -> None:
        """Hang up where nobody waits for an answer."""
        while self._idle:
            self._idle.pop().close()

    async def lookup(self, key: str, is_final: bool = False, number: int = 0) -> bool:
        return await self._do("lookup", key, is_final, number)

    async def read(self, key: str, is_final: bool = False, number: int = 0) -> bool:
        """Every other one by pages, as other clients of the workers read."""
        self._reads += 1
        return await self._do("read", key, is_final, number, by_pages=self._reads % 2 == 0)

    async def _do(self, f: str, key: str, is_final: bool, number: int, **how: bool) -> bool:
        """
        Whether it was ok. While too many wait for their answer no op is begun; a final one waits for its turn, and one
        that was asked for by its number.
        """
        if self._places.locked() and not is_final and not number:
            return False
        async with self._places:
            number, value = number or next(self._numbers), {"key": key, **({"final": True} if is_final else {})}
            self._record("invoke", f, value, number)
            line = self._idle.pop() if self._idle else Line(self._path)
            try:
                answer = await line.ask({"do": f, "key": key, **how}, _TIMEOUT_S)
            except TimeoutError:
                self._record("info", f, value, number, f"no answer within {_TIMEOUT_S:g} s")
            except (ConnectionRefusedError, FileNotFoundError) as error:
                self._record("fail", f, value, number, str(error))
            except (OSError, ValueError) as error:
                self._record("info", f, value, number, str(error))
            else:
                self._idle.append(line)
                return self._completed(f, value, number, answer)
        return False

    def _completed(self, f: str, value: dict[str, Any], number: int, answer: dict[str, Any]) -> bool:
        is_ok, error = answer.pop("ok"), answer.pop("error", None)
        self._record("ok" if is_ok else "fail", f, {**value, **answer}, number, error)
        return bool(is_ok)

    def _record(self, kind: OpType, f: str, value: dict[str, Any], number: int, error: str | None = None) -> None:
        self._send(Op(time.monotonic_ns(), self.name, kind, f, value, error, number))


class Workload:
    """
    Told `begin`, `end` and `final`; keys are drawn from the seed, clients take turns. Told `lookup` or `read` with a
    `client`, a `key` and a `number`, it has that client do it, as an op with that number for its id.
    """

    def __init__(self, settings: dict[str, Any], clients: list[Client], writer: Writer) -> None:
        self._keys, self._clients, self._writer = settings["keys"], clients, writer
        self._rates = {"lookup": settings["lookups_per_s"], "read": settings["reads_per_s"]}
        self._seed = settings["seed"]
        self._tasks, self._paces = set[asyncio.Task[Any]](), list[asyncio.Task[Any]]()
        self._told: dict[str, Callable[..., None]] = {"begin": self.begin, "end": self.end, "final": self.final}
        self._told |= {do: partial(self._asked, do) for do in ("lookup", "read")}

    def told(self, do: str, **fields: Any) -> None:
        self._told[do](**fields)

    def begin(self) -> None:
        for f, rate in self._rates.items():
            if rate > 0 and self._clients:
                self._paces.append(self._spawn(self._pace(f, 1 / rate)))

    def end(self) -> None:
        """No new op from now on; those in flight go on to their answer."""
        for pace in self._paces:
            pace.cancel()

    def final(self) -> None:
        self._spawn(self._final())

    def _asked(self, do: str, client: str, key: str, number: int) -> None:
        asked = next(one for one in self._clients if one.name == client)
        self._spawn(getattr(asked, do)(key, number=number))

    async def _pace(self, f: str, every_s: float) -> None:
        draw = random.Random(f"{self._seed} {f}")
        due_s = time.monotonic()
        for turn in count():
            client = self._clients[turn % len(self._clients)]
            self._spawn(getattr(client, f)(draw.choice(self._keys)))
            due_s = max(due_s + every_s, time.monotonic() - 1.0)
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))

    async def _final(self) -> None:
        done = await asyncio.gather(*(self._final_of(client) for client in self._clients))
        lookups, reads = sum(lookups for lookups, _ in done), sum(reads for _, reads in done)
        self._writer.fact(WORKLOAD, "final", {"clients": len(self._clients), "lookups": lookups, "reads": reads})

    async def _final_of(self, client: Client) -> tuple[int, int]:
        """How many lookups and how many reads were ok."""
        lookups = [await client.lookup(key, is_final=True) for key in self._keys]
        reads = [await client.read(key, is_final=True) for key in self._keys[:_FINAL_READS]]
        return sum(lookups), sum(reads)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
