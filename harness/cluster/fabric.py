"""
The network of one run: a namespace, a fixed address and a name for every node, all joined by one router.

The router is the network namespace of the supervisor. Each node has a veth pair to it, a /32 address, and permanent
neighbour entries at both ends, so there is no bridge and no ARP: one bridge fails at about 1000 nodes. A directed cut
a -> b is a blackhole route for b in a's own routing table; established TCP is hit too. Cuts are counted per link, so
overlapping faults heal on their own.
"""

import contextlib
import os
import select
import socket
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.cluster import linux, netlink
from harness.cluster.netlink import Netlink
from harness.core.links import Link
from harness.errors import ClusterError

GATEWAY = "169.254.1.1"
_ROUTER_MAC = "02:00:00:00:00:01"
_PROBE_PORT = 7
_SILENCE_S = 0.03
_PROBES_AT_ONCE = 100  # to one node: what its socket buffers
_FIRST_INDEX = 1000


@dataclass(frozen=True)
class Place:
    """Where a node is: `network` is a descriptor of its namespace, `prober` a UDP socket of ours inside it."""

    name: str
    ip: str
    table: int
    network: int
    prober: socket.socket


class Fabric:
    """Made inside the sandbox, in the network namespace that becomes the router."""

    def __init__(self) -> None:
        self._router = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._netlink = Netlink()
        self._places: dict[str, Place] = {}
        self._cuts: Counter[Link] = Counter()
        self._ruled: set[str] = set()
        _set_kernel("ip_forward", "1")
        _set_kernel("conf/all/rp_filter", "0")
        _set_kernel("conf/default/rp_filter", "0")
        self._netlink.send([netlink.link_up(1), netlink.address(1, GATEWAY)])

    def __getitem__(self, name: str) -> Place:
        return self._places[name]

    def add(self, names: Iterable[str]) -> None:
        """Give each node its namespace. Raises OSError when the kernel refuses."""
        for name in names:
            self._places[name] = self._add(name, len(self._places))

    def adopt(self, name: str, network: int) -> None:
        """
        Let a node live in this namespace from now on; address, name and cuts stay. The descriptor is taken over.

        Raises OSError where the kernel refuses: no link leads to the node then.
        """
        last = self._places[name]
        with contextlib.suppress(OSError):  # gone with the namespace before
            self._netlink.send([netlink.no_link(last.table)])
        try:
            self._places[name] = self._wire(name, last.table - _FIRST_INDEX, network)
        except OSError:
            os.close(network)
            raise
        last.prober.close()
        os.close(last.network)

    def addresses(self) -> dict[str, str]:
        """By the names of the nodes."""
        return {name: place.ip for name, place in self._places.items()}

    def hosts(self) -> str:
        """/etc/hosts of every node."""
        lines = [f"{ip} {name}" for name, ip in self.addresses().items()]
        return "\n".join(["127.0.0.1 localhost", *lines, ""])

    def cut(self, links: Collection[Link]) -> frozenset[Link]:
        """Count each link as cut once more; those that went from 0 to 1."""
        fresh = frozenset(link for link in links if not self._cuts[link])
        self._cuts.update(links)
        sources = sorted({source for source, _ in fresh} - self._ruled)
        self._ruled.update(sources)
        places = self._places
        self._netlink.send(netlink.rule_from(places[a].ip, places[a].table) for a in sources)
        self._netlink.send(netlink.blackhole(places[a].table, places[b].ip) for a, b in fresh)
        return fresh

    def mend(self, links: Collection[Link]) -> frozenset[Link]:
        """Count each link as cut once less; those that went from 1 to 0."""
        uncounted = [link for link in links if not self._cuts[link]]
        if uncounted:
            raise ClusterError(f"mend: {uncounted[0][0]} -> {uncounted[0][1]} is not cut")
        whole = frozenset(link for link in links if self._cuts[link] == 1)
        self._cuts.subtract(links)
        self._netlink.send(netlink.no_blackhole(self._places[a].table, self._places[b].ip) for a, b in whole)
        return whole

    def passing(self, links: Collection[Link]) -> frozenset[Link]:
        """Those of `links` through which a datagram of our probers comes; after 30 ms without one no more will come."""
        rounds: dict[int, list[Link]] = {}
        so_far = Counter[str]()
        for a, b in sorted(links):
            rounds.setdefault(so_far[b] // _PROBES_AT_ONCE, []).append((a, b))
            so_far[b] += 1
        return frozenset(link for batch in rounds.values() for link in self._probe(batch))

    def _probe(self, links: list[Link]) -> set[Link]:
        nonce = os.urandom(8)
        by_fd = {self._places[b].prober.fileno(): self._places[b].prober for _, b in links}
        for number, (a, b) in enumerate(links):
            self._places[a].prober.sendto(nonce + number.to_bytes(4, "big"), (self._places[b].ip, _PROBE_PORT))
        poll = select.poll()
        for fd in by_fd:
            poll.register(fd, select.POLLIN)
        passed = set[Link]()
        while len(passed) < len(links) and (ready := poll.poll(_SILENCE_S * 1000)):
            for fd, _ in ready:
                datagram = by_fd[fd].recv(64)
                if datagram[:8] == nonce:
                    passed.add(links[int.from_bytes(datagram[8:], "big")])
        return passed

    def _add(self, name: str, number: int) -> Place:
        try:
            linux.unshare(linux.CLONE_NEWNET)
            network = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            linux.enter_network(self._router)
        return self._wire(name, number, network)

    def _wire(self, name: str, number: int, network: int) -> Place:
        index, ip = _FIRST_INDEX + number, f"10.42.{number >> 8}.{number & 255}"
        mac = f"02:00:00:01:{number >> 8:02x}:{number & 255:02x}"
        try:
            linux.enter_network(network)
            inside, prober = Netlink(), _prober()
        finally:
            linux.enter_network(self._router)
        wire = netlink.veth(index, f"v{number:05}", _ROUTER_MAC, network, mac)
        with contextlib.ExitStack() as undo:
            undo.callback(prober.close)
            undo.callback(inside.close)
            self._netlink.send([wire, netlink.neighbour(index, ip, mac), netlink.link_route(index, ip)])
            here = [netlink.link_up(1), netlink.link_up(2), netlink.address(2, ip), netlink.link_route(2, GATEWAY)]
            inside.send([*here, netlink.neighbour(2, GATEWAY, _ROUTER_MAC), netlink.default_route(2, GATEWAY)])
            undo.pop_all()
        inside.close()
        return Place(name, ip, index, network, prober)


def _prober() -> socket.socket:
    prober = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    prober.bind(("0.0.0.0", _PROBE_PORT))
    prober.setblocking(False)
    return prober


def _set_kernel(name: str, value: str) -> None:
    Path("/proc/sys/net/ipv4", name).write_text(value)
