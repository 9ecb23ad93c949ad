"""
How soon a cut takes hold, and how soon its heal: one node of a hundred, and halves of a hundred.

A process of its own sends datagrams on one of the links all the time. What counts is when the first was sent that never
came, after the call that cuts; and the first that came, after the call that mends. Held against the same routes, added
and taken away one by one by pyroute2's own calls. As a program it measures, inside a sandbox, and prints.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from statistics import median
from typing import Any

from harness.core.links import Link, links_of
from harness.faults.isolate import Isolate
from harness.faults.partition import Partition
from tests.bench.frame import Row

_NODES = [f"worker-{number}" for number in range(1, 101)]
_CUTS = {
    "one node of 100": Isolate(("worker-50",)).cuts(_NODES),
    "halves of 100": Partition((tuple(_NODES[:50]), tuple(_NODES[50:]))).cuts(_NODES),
}
_ROUNDS = 3
_PORT, _EVERY_S, _BEFORE_S, _AFTER_S = 9, 0.0003, 0.05, 0.2


def rows() -> Iterator[Row]:
    done = subprocess.run([sys.executable, "-m", "tests.bench.cuts"], stdout=subprocess.PIPE, check=True)
    for what, (ours, plain) in json.loads(done.stdout).items():
        yield Row(f"{what}: first datagram lost", ours[0], "s", "one by one", plain[0])
        yield Row(f"{what}: first datagram through again", ours[1], "s", "one by one", plain[1])


def main() -> int:
    from harness.cluster.fabric import Fabric

    fabric = Fabric()
    fabric.add(_NODES)
    plain, told = OneByOne(fabric), {}
    for what, cuts in _CUTS.items():
        links = links_of(cuts)
        both = [[felt(fabric, links, each.cut, each.mend) for each in (fabric, plain)] for _ in range(_ROUNDS)]
        told[what] = [[median(round_[who][k] for round_ in both) for k in (0, 1)] for who in (0, 1)]
    print(json.dumps(told))
    return 0


class OneByOne:
    """The rules and routes that `Fabric` sends in batches, each by a call."""

    def __init__(self, fabric: Any) -> None:
        from pyroute2 import IPRoute

        self._fabric, self._ip, self._ruled = fabric, IPRoute(), set[str]()

    def cut(self, links: Collection[Link]) -> None:
        for source, target in sorted(links):
            place = self._fabric[source]
            if source not in self._ruled:
                self._ip.rule("add", src=place.ip, src_len=32, table=place.table + 10_000, priority=900)
                self._ruled.add(source)
            self._route("add", place, target)

    def mend(self, links: Collection[Link]) -> None:
        for source, target in sorted(links):
            self._route("del", self._fabric[source], target)

    def _route(self, do: str, place: Any, target: str) -> None:
        dst = f"{self._fabric[target].ip}/32"
        self._ip.route(do, type="blackhole", dst=dst, table=place.table + 10_000)


def felt(
    fabric: Any,
    links: Collection[Link],
    cut: Callable[[Collection[Link]], object],
    mend: Callable[[Collection[Link]], object],
) -> tuple[float, float]:
    """Seconds from the call of `cut` to the first datagram lost, from that of `mend` to the first one through."""
    from harness.cluster.wait import wait_until

    def pause(seconds: float) -> None:
        until_s = time.monotonic() + seconds
        wait_until("some datagrams", lambda: time.monotonic() > until_s, 10)

    with Pings(fabric, max(links)) as pings:
        pause(_BEFORE_S)
        cut_ns = time.monotonic_ns()
        cut(links)
        pause(_AFTER_S)
        mend_ns = time.monotonic_ns()
        mend(links)
        pause(_AFTER_S)
    lost = [sent for sent in pings.sent if cut_ns <= sent < mend_ns and sent not in pings.came]
    through = [sent for sent in pings.sent if sent >= mend_ns and sent in pings.came]
    return (min(lost) - cut_ns) / 1e9, (min(through) - mend_ns) / 1e9


class Pings:
    """Datagrams on one link for as long as the context is open; afterwards when each was `sent`, and which `came`."""

    def __init__(self, fabric: Any, link: Link) -> None:
        self._ends = [_socket_in(fabric, name) for name in link]
        self._to = (fabric[link[1]].ip, _PORT)

    def __enter__(self) -> "Pings":
        self._results, theirs = os.pipe()
        asks, self._stop = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(self._stop)
            os.set_blocking(asks, False)
            with os.fdopen(theirs, "w") as out:
                json.dump(self._ping(asks), out)
            os._exit(0)
        os.close(theirs)
        os.close(asks)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._stop)
        with os.fdopen(self._results) as results:
            sent, came = json.load(results)
        os.waitpid(self._pid, 0)
        for end in self._ends:
            end.close()
        self.sent, self.came = sent, frozenset(came)

    def _ping(self, asks: int) -> tuple[list[int], list[int]]:
        """Until the other end of `asks` is closed; what is on its way then is waited for."""
        sender, receiver = self._ends
        sent, came = list[int](), list[int]()
        while not _is_closed(asks):
            due_ns = time.monotonic_ns() + int(_EVERY_S * 1e9)
            sent.append(time.monotonic_ns())
            sender.sendto(sent[-1].to_bytes(8, "big"), self._to)
            while time.monotonic_ns() < due_ns:
                came += _received(receiver)
        until_ns = time.monotonic_ns() + int(_AFTER_S * 1e9)
        while time.monotonic_ns() < until_ns:
            came += _received(receiver)
        return sent, came


def _received(receiver: socket.socket) -> list[int]:
    try:
        return [int.from_bytes(receiver.recv(8), "big")]
    except BlockingIOError:
        return []


def _is_closed(pipe: int) -> bool:
    try:
        return not os.read(pipe, 1)
    except BlockingIOError:
        return False


def _socket_in(fabric: Any, name: str) -> socket.socket:
    from harness.cluster import linux

    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    linux.enter_network(fabric[name].network)
    try:
        end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        end.bind(("0.0.0.0", _PORT))
        end.setblocking(False)
    finally:
        linux.enter_network(here)
        os.close(here)
    return end


if __name__ == "__main__":
    from harness.cluster.sandbox import enter

    sys.exit(enter(main))
