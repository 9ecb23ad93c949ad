"""
Messages that pyroute2 encodes once each: with marks for its arguments, in whose places every call puts its own.

pyroute2 takes 60 microseconds for a route and 1 ms for all of a node; putting four bytes in their place takes 2.
"""

import socket
import struct
from collections.abc import Callable
from functools import cache, wraps
from inspect import signature
from typing import Any, ParamSpec

P = ParamSpec("P")


def _number(value: int) -> bytes:
    return struct.pack("=I", value)


def _mac(value: str) -> bytes:
    return bytes.fromhex(value.replace(":", ""))


_MARKS: dict[str, tuple[Any, Callable[[Any], bytes]]] = {
    "index": (0x7E57AB01, _number),
    "table": (0x7E57AB02, _number),
    "peer_network": (0x7E57AB03, _number),
    "ip": ("126.87.171.4", socket.inet_aton),
    "gateway": ("126.87.171.5", socket.inet_aton),
    "mac": ("7e:57:ab:00:00:06", _mac),
    "peer_mac": ("7e:57:ab:00:00:07", _mac),
    "name": ("v~~~~~", str.encode),
}
"""By the name of a parameter a value that stands nowhere else in a message, and its bytes; all are of one length."""


def encoded_once(encode: Callable[P, bytes]) -> Callable[P, bytes]:
    """
    The same function, which encodes once. Its parameters have names that are in `_MARKS`; of numbers its message has
    no other use than to hold them. A name has six letters; any other raises ValueError.
    """
    parameters = list(signature(encode).parameters)
    encode_marks: Callable[..., bytes] = encode

    @cache
    def pattern() -> tuple[bytes, list[int], list[tuple[int, int]]]:
        """The message with marks, how long each of those is, and where which of them stands."""
        marks = [_MARKS[name] for name in parameters]
        message = encode_marks(*(mark for mark, _ in marks))
        told = [as_bytes(mark) for mark, as_bytes in marks]
        return message, list(map(len, told)), [(at, n) for n, part in enumerate(told) for at in _all_of(part, message)]

    @wraps(encode)
    def filled(*values: P.args, **_: P.kwargs) -> bytes:
        message, lengths, places = pattern()
        told = [_MARKS[name][1](value) for name, value in zip(parameters, values, strict=True)]
        if list(map(len, told)) != lengths:
            raise ValueError(f"{encode.__name__}{values}: a name has six letters")
        out = bytearray(message)
        for at, n in places:
            out[at : at + lengths[n]] = told[n]
        return bytes(out)

    return filled


def _all_of(part: bytes, message: bytes) -> list[int]:
    return [at for at in range(len(message)) if message.startswith(part, at)]
