"""
What makes a port of a node reachable from outside of its sandbox: a process inside that accepts at listeners which were
opened outside, and passes on what comes, both ways.

It connects from where the harness' own programs are, so no cut keeps it from a node; one that nobody listens at is a
connection that is reset.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

_CHUNK_BYTES = 1 << 16
_AT_ONCE = struct.pack("ii", 1, 0)  # socket(7), SO_LINGER: a close is a reset

Address = tuple[str, int]


def relay(listeners: Sequence[int], addresses: Sequence[Address]) -> int:
    """Until it is killed. `listeners` are descriptors of listening sockets, each for the address at its place."""
    asyncio.run(_serve(listeners, addresses))
    return 0


async def _serve(listeners: Sequence[int], addresses: Sequence[Address]) -> None:
    for descriptor, address in zip(listeners, addresses, strict=True):
        await asyncio.start_server(_passing_on_to(address), sock=socket.socket(fileno=descriptor))
    await asyncio.Event().wait()


def _passing_on_to(address: Address) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(*address)
        except OSError:
            _reset(writer)
            return
        await asyncio.gather(_pass_on(reader, there_writer), _pass_on(there_reader, writer))
        for each in (writer, there_writer):
            each.close()

    return serve


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one end is closed, which the other one is told."""
    try:
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """So that nobody takes it for the end of an answer."""
    with suppress(OSError):  # closed already
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()
