"""
Routing netlink in batches: messages encoded by pyroute2, sent many at a time, every answer checked.

pyroute2's own sockets wait for the answer to each message and run an event loop of their own; a batch of a thousand
routes takes the kernel about two milliseconds.
"""

import os
import socket
import struct
from collections.abc import Iterable
from typing import Any

from pyroute2.netlink.rtnl.fibmsg import fibmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from harness.cluster.netlink_pattern import encoded_once

_NEW_LINK, _DELETE_LINK, _NEW_ADDRESS, _NEW_ROUTE, _DELETE_ROUTE = 16, 17, 20, 24, 25
_NEW_NEIGHBOUR, _NEW_RULE = 28, 32
_NLMSG_ERROR = 2
_REQUEST, _ACK, _CREATE, _EXCLUSIVE = 0x1, 0x4, 0x400, 0x200
_UP, _PERMANENT = 1, 0x80
_BOOT, _UNIVERSE, _LINK, _UNICAST, _BLACKHOLE, _TO_TABLE = 3, 0, 253, 1, 6, 1
MAIN_TABLE = 254
_BATCH = 200


class Netlink:
    """A socket into the network namespace that the calling thread is in when it is made."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind((0, 0))
        self._sequence = 0

    def send(self, messages: Iterable[bytes]) -> None:
        """Raise OSError for the first message that the kernel refuses; the others of its batch took effect."""
        pending = list(messages)
        for start in range(0, len(pending), _BATCH):
            self._send_batch(pending[start : start + _BATCH])

    def close(self) -> None:
        self._socket.close()

    def _send_batch(self, batch: list[bytes]) -> None:
        first = self._sequence
        numbered = []
        for message in batch:
            self._sequence += 1
            numbered.append(message[:8] + struct.pack("=I", self._sequence) + message[12:])
        self._socket.send(b"".join(numbered))
        refused = [code for code in self._answers(first, len(batch)) if code]
        if refused:
            raise OSError(refused[0], f"netlink: {os.strerror(refused[0])}")

    def _answers(self, first: int, count: int) -> list[int]:
        codes: list[int] = []
        while len(codes) < count:
            data = self._socket.recv(1 << 17)
            while data:
                length, kind, _, sequence = struct.unpack_from("=IHHI", data)
                if kind == _NLMSG_ERROR and sequence > first:
                    codes.append(-struct.unpack_from("=i", data, 16)[0])
                data = data[(length + 3) & ~3 :]
        return codes


@encoded_once
def veth(index: int, name: str, mac: str, peer_network: int, peer_mac: str) -> bytes:
    """A pair: `name` here, `eth0` with index 2 in the namespace that the descriptor `peer_network` is open on."""
    peer = {
        "index": 2,
        "attrs": [("IFLA_IFNAME", "eth0"), ("IFLA_NET_NS_FD", peer_network), ("IFLA_ADDRESS", peer_mac)],
    }
    kind = {"attrs": [("IFLA_INFO_KIND", "veth"), ("IFLA_INFO_DATA", {"attrs": [("VETH_INFO_PEER", peer)]})]}
    attrs = [("IFLA_IFNAME", name), ("IFLA_ADDRESS", mac), ("IFLA_LINKINFO", kind)]
    return _encode(ifinfmsg, _NEW_LINK, {"index": index, "flags": _UP, "change": _UP}, attrs)


@encoded_once
def link_up(index: int) -> bytes:
    return _encode(ifinfmsg, _NEW_LINK, {"index": index, "flags": _UP, "change": _UP}, [], flags=0)


@encoded_once
def no_link(index: int) -> bytes:
    """Both ends of a pair go, and with them every address, route and neighbour that named either."""
    return _encode(ifinfmsg, _DELETE_LINK, {"index": index}, [], flags=0)


@encoded_once
def address(index: int, ip: str) -> bytes:
    fields = {"family": socket.AF_INET, "prefixlen": 32, "index": index}
    return _encode(ifaddrmsg, _NEW_ADDRESS, fields, [("IFA_LOCAL", ip), ("IFA_ADDRESS", ip)])


@encoded_once
def neighbour(index: int, ip: str, mac: str) -> bytes:
    fields = {"family": socket.AF_INET, "ifindex": index, "state": _PERMANENT}
    return _encode(ndmsg, _NEW_NEIGHBOUR, fields, [("NDA_DST", ip), ("NDA_LLADDR", mac)])


@encoded_once
def link_route(index: int, ip: str) -> bytes:
    """Packets for `ip` leave by this interface."""
    return _route(_NEW_ROUTE, _UNICAST, _LINK, MAIN_TABLE, attrs=[("RTA_DST", ip), ("RTA_OIF", index)], length=32)


@encoded_once
def default_route(index: int, gateway: str) -> bytes:
    attrs = [("RTA_GATEWAY", gateway), ("RTA_OIF", index)]
    return _route(_NEW_ROUTE, _UNICAST, _UNIVERSE, MAIN_TABLE, attrs=attrs, length=0)


@encoded_once
def blackhole(table: int, ip: str) -> bytes:
    """In `table`, packets for `ip` are dropped without an answer."""
    return _route(_NEW_ROUTE, _BLACKHOLE, _UNIVERSE, table, attrs=[("RTA_DST", ip), ("RTA_TABLE", table)], length=32)


@encoded_once
def no_blackhole(table: int, ip: str) -> bytes:
    return _route(_DELETE_ROUTE, _BLACKHOLE, _UNIVERSE, table, attrs=[("RTA_DST", ip), ("RTA_TABLE", table)], length=32)


@encoded_once
def rule_from(ip: str, table: int) -> bytes:
    """Packets from `ip` are looked up in `table` before the main one."""
    fields = {"family": socket.AF_INET, "src_len": 32, "action": _TO_TABLE}
    attrs = [("FRA_SRC", ip), ("FRA_TABLE", table), ("FRA_PRIORITY", 1000)]
    return _encode(fibmsg, _NEW_RULE, fields, attrs)


def _route(kind: int, route: int, scope: int, table: int, *, attrs: list[tuple[str, Any]], length: int) -> bytes:
    fields = {"family": socket.AF_INET, "dst_len": length, "table": min(table, MAIN_TABLE), "type": route}
    fields |= {"proto": _BOOT, "scope": scope}
    return _encode(rtmsg, kind, fields, attrs, flags=0 if kind == _DELETE_ROUTE else _CREATE | _EXCLUSIVE)


def _encode(
    message_class: Any, kind: int, fields: dict[str, Any], attrs: list[Any], flags: int = _CREATE | _EXCLUSIVE
) -> bytes:
    message = message_class()
    for field, value in fields.items():
        message[field] = value
    message["attrs"] = attrs
    message["header"]["type"], message["header"]["flags"] = kind, _REQUEST | _ACK | flags
    message.encode()
    return bytes(message.data)
