"""
Watches from outside what members and clients believe, and what etcd holds.

A program of its own in the sandbox, on a fabric address that no fault ever cuts: it records etcd's log (a watch of the
membership keys, between two linearizable snapshots), whether etcd answers (ten linearizable reads a second, of several
members each by itself too), and what every worker and client says of itself and its view, asked over the control
sockets, which are no network.
"""

import asyncio
import math
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cluster.wait import wait_until
from harness.control_line import Line, listen
from harness.core.history import OBSERVER, Op
from harness.core.membership import alive_prefix, registered_prefix, text_of
from harness.core.patience import REACH_EVERY_S, SAMPLE_EVERY_S
from harness.core.properties import Properties, parse_properties
from harness.core.repeats import Written
from harness.errors import EtcdError
from harness.etcd import Etcd, Event, KeyValue
from harness.etcd_members import member_watches
from harness.recorder import Writer

_SAMPLE_UNHEARD_EVERY_S = 0.02
_SAMPLE_TIMEOUT_S = 1.0
_NODES_A_PERIOD = 50
_ETCD_TIMEOUT_S = 1.0
_FOREVER_S = 3600.0


def main(settings: dict[str, Any]) -> int:
    writer = Writer(settings["history_fd"])
    properties = Properties(parse_properties(settings["properties"], "observer"))
    truth = EtcdTruth(properties, writer)
    members = member_watches(properties.list("alluxio.etcd.endpoints"), writer)
    return asyncio.run(_observe(settings, writer, truth, [truth.run, *(member.run for member in members)]))


async def _observe(
    settings: dict[str, Any], writer: Writer, truth: "EtcdTruth", threads: Sequence[Callable[[], None]]
) -> int:
    """Until it is told to end; 1 when one of its parts failed, for an observer that sees half is worse than none."""
    loop, ended, failed = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    homes, nodes = Path(settings["home"]).parent, settings["nodes"]
    pace, written, tasks = Pace.of(len(nodes)), Written(), list[asyncio.Task[None]]()

    def watch(names: Sequence[str]) -> None:
        for name in names:
            sampler = Sampler(name, str(homes / name / "control.sock"), writer.send, pace, written)
            tasks.append(asyncio.create_task(sampler.run()))
            tasks[-1].add_done_callback(lambda _: failed.set())

    told: dict[str, Callable[..., None]] = {"snapshot": truth.want_snapshot, "watch": watch}
    server = await listen(settings["control"], lambda do, **fields: told[do](**fields))

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            loop.call_soon_threadsafe(failed.set)

    for work in threads:
        threading.Thread(target=run, args=(work,), daemon=True).start()
    watch(nodes)
    waits = [asyncio.create_task(event.wait()) for event in (ended, failed)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    server.close()
    for task in (*waits, *tasks):
        task.cancel()
    for task in tasks:
        if task.done():
            task.result()  # raises what it failed by, for the log
    return 0 if ended.is_set() else 1


class EtcdTruth:
    """What etcd holds and whether it answers, on a thread of its own."""

    def __init__(self, properties: Properties, writer: Writer) -> None:
        cluster = properties.text("alluxio.cluster.name")
        self._prefixes = [registered_prefix(cluster), alive_prefix(cluster)]
        self._endpoints = properties.list("alluxio.etcd.endpoints")
        self._writer = writer
        self._snapshot_wanted = threading.Event()
        self._revision = 0

    def want_snapshot(self) -> None:
        self._snapshot_wanted.set()

    def run(self) -> None:
        etcd = Etcd(self._endpoints, _ETCD_TIMEOUT_S)
        wait_until("a first read of etcd", lambda: self._snapshot(etcd), _FOREVER_S)
        etcd.watch(self._prefixes, self._revision + 1, self._on_events, self._on_reset)
        while True:
            began_s = time.monotonic()
            self._reach(etcd)
            is_wanted = self._snapshot_wanted.wait(max(0.0, REACH_EVERY_S - (time.monotonic() - began_s)))
            if is_wanted and self._snapshot(etcd):
                self._snapshot_wanted.clear()

    def _snapshot(self, etcd: Etcd) -> bool:
        """The leases first: what stood before, and stands after, must have its own among them."""
        try:
            before = etcd.linearizable_revision()
            known, leases = etcd.leases()
            self._writer.fact(OBSERVER, "leases", {"revision": min(before, known), "leases": leases})
            self._revision, found = etcd.read(self._prefixes)
        except EtcdError:
            return False
        self._on_reset(self._revision, [kv for kvs in found for kv in kvs])
        return True

    def _on_events(self, events: list[Event]) -> None:
        for event in events:
            if event.kind == "put":
                self._writer.fact(OBSERVER, "put", {"key": event.kv.key, **_facts(event.kv)})
            else:
                self._writer.fact(OBSERVER, "delete", {"key": event.kv.key, "revision": event.kv.revision})

    def _on_reset(self, revision: int, found: list[KeyValue]) -> None:
        kvs = [{"key": kv.key, **_facts(kv)} for kv in found]
        self._writer.fact(OBSERVER, "snapshot", {"revision": revision, "kvs": kvs})

    def _reach(self, etcd: Etcd) -> None:
        sent_ns = time.monotonic_ns()
        try:
            value = {"sent_ns": sent_ns, "revision": etcd.linearizable_revision()}
        except EtcdError as error:
            self._writer.fact(OBSERVER, "reach", {"sent_ns": sent_ns, "revision": 0}, "fail", str(error))
        else:
            self._writer.fact(OBSERVER, "reach", value)


@dataclass(frozen=True)
class Pace:
    """How long after one question a node is asked the next: one that is ready, and one that is not yet."""

    heard_s: float
    unheard_s: float

    @classmethod
    def of(cls, nodes: int) -> "Pace":
        """All of them together are asked five hundred times a second at most, which takes half a core."""
        heard_s = SAMPLE_EVERY_S * math.ceil(nodes / _NODES_A_PERIOD)
        return cls(heard_s, max(_SAMPLE_UNHEARD_EVERY_S, SAMPLE_EVERY_S * nodes / _NODES_A_PERIOD))


class Sampler:
    """Asks one node for its state and view, again and again."""

    def __init__(self, name: str, path: str, send: Callable[[Op], None], pace: Pace, written: Written) -> None:
        """`pace` and `written` are everybody's."""
        self._name, self._line, self._send, self._pace, self._written = name, Line(path), send, pace, written
        self._views: dict[str, dict[str, Any]] = {}
        self._last: tuple[Any, ...] = ()

    async def run(self) -> None:
        while True:
            began_s = time.monotonic()
            heard = await self._sample()
            pause_s = self._pace.heard_s if heard else self._pace.unheard_s
            await asyncio.sleep(max(0.0, pause_s - (time.monotonic() - began_s)))

    async def _sample(self) -> bool:
        sent_ns = time.monotonic_ns()
        seen = self._last[-1] if self._last else ""
        try:
            answer = await self._line.ask({"do": "sample", "seen": seen}, _SAMPLE_TIMEOUT_S)
        except TimeoutError as error:
            self._send(self._op("sample", "fail", {"sent_ns": sent_ns}, str(error) or "no answer"))
            return True
        except (OSError, ValueError):
            return False  # not started yet, or gone: the supervisor records that
        if not answer["ok"]:  # a guest's view that is none
            self._send(self._op("sample", "fail", {"sent_ns": sent_ns}, answer["error"]))
            return True
        return self._heard(sent_ns, answer)

    def _heard(self, sent_ns: int, answer: dict[str, Any]) -> bool:
        facts = {key: answer.get(key) for key in ("pid", "incarnation", "id", "state", "revision")}
        self._send(self._op("sample", "ok", {"sent_ns": sent_ns, **facts}))
        digest = answer["digest"]
        if answer["view"]:
            self._views = {digest: answer["view"]}
        stamp = (answer["pid"], answer["revision"], digest)
        if digest in self._views and stamp != self._last:
            self._tell(self._views[digest], digest, {key: answer[key] for key in ("pid", "incarnation", "revision")})
            self._last = stamp
        return answer["state"] in ("online", "ready")

    def _tell(self, view: dict[str, Any], digest: str, whose: dict[str, Any]) -> None:
        if "members" in view:
            self._send(self._op("members", "ok", {**view, **whose}))
        else:
            content = {} if self._written.knows(digest) else view
            self._send(self._op("view", "ok", {**content, **whose, "digest": digest}))

    def _op(self, f: str, kind: Any, value: dict[str, Any], error: str | None = None) -> Op:
        return Op(time.monotonic_ns(), self._name, kind, f, value, error)


def _facts(kv: KeyValue) -> dict[str, Any]:
    return {
        "revision": kv.revision,
        "create_revision": kv.create_revision,
        "version": kv.version,
        "lease": kv.lease,
        "text": text_of(kv.value),
    }
