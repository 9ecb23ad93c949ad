"""Sends an answer in pieces, so that memory stays flat however big it is and however slowly it is read."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from aiohttp import web

from harness.errors import HarnessError

_AT_ONCE = 64 * 1024
_STALLED_S = 30.0


async def send(
    request: web.Request, headers: Mapping[str, str], size: int, pieces: AsyncIterator[bytes | memoryview]
) -> web.StreamResponse:
    """
    `pieces` are `size` bytes together; each is asked for when the one before has left.

    What fails in the middle breaks the connection, so that nobody takes a part for all; so does whoever reads nothing
    for 30 s. Those who ask for the head alone get that.
    """
    if size <= _AT_ONCE:
        body = b"".join([piece async for piece in pieces])
        return web.Response(body=body, headers=headers)
    answer = web.StreamResponse(headers=dict(headers))
    answer.content_length, answer.content_type = size, "application/octet-stream"
    await answer.prepare(request)
    if request.method == "HEAD":
        return answer
    try:
        async for piece in pieces:
            for start in range(0, len(piece), _AT_ONCE):
                async with asyncio.timeout(_STALLED_S):
                    await answer.write(piece[start : start + _AT_ONCE])
    except (HarnessError, OSError, web.HTTPException):
        if request.transport:
            request.transport.abort()
    return answer
