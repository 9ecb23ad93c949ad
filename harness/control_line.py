"""JSON lines over unix sockets, asyncio: how the harness' own programs are told, and how they ask nodes."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

_LINE_BYTES = 1 << 22


class Line:
    """A connection to a node's control socket, made when needed, dropped after any error."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """The node's answer. Raises OSError (TimeoutError included) when there is none, ValueError for nonsense."""
        try:
            async with asyncio.timeout(timeout_s):
                reader, writer = await self._connected()
                writer.write(json.dumps(request).encode() + b"\n")
                await writer.drain()
                line = await reader.readline()
            if not line:
                raise ConnectionResetError(f"{self._path} hung up")
            answer: dict[str, Any] = json.loads(line)
        except (OSError, ValueError):
            self.close()
            raise
        return answer

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if not self._streams:
            self._streams = await asyncio.open_unix_connection(self._path, limit=_LINE_BYTES)
        return self._streams


async def listen(path: str, told: Callable[..., None]) -> asyncio.Server:
    """Call `told` with the `do` of every line that comes, and with its other fields by their names."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            message = json.loads(line)
            told(message.pop("do"), **message)
        writer.close()

    return await asyncio.start_unix_server(serve, path)
