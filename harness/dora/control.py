"""
The control socket of a node: JSON lines over a unix socket, which no fault of the network reaches.

One line `{"do": NAME, ...}` is answered by one line, `{"ok": true, ...}` or `{"ok": false, "error": TEXT}`; a
connection may ask again and again.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from harness.core.membership import View
from harness.errors import HarnessError, InputError, NotReadyError

Answerer = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


async def listen(path: str, answerers: Mapping[str, Answerer]) -> asyncio.Server:
    """Answer on `path` (a socket left there by an earlier process is replaced) until the server is closed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async for line in reader:
                writer.write(json.dumps(await answer(line, answerers)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            return  # whoever asked has gone, or this node ends: asyncio would log a cancelled connection as an error
        finally:
            writer.close()

    return await asyncio.start_unix_server(serve, path)


async def answer(line: bytes, answerers: Mapping[str, Answerer]) -> dict[str, Any]:
    """What to say to one line; no mistake in it and no failure of the node is an exception."""
    try:
        request = json.loads(line)
        do = str(request["do"] if isinstance(request, dict) else request)
        if do not in answerers:
            raise InputError(f"can't do {do!r}; there are {', '.join(answerers)}")
        return {"ok": True, **await answerers[do](request)}
    except KeyError as error:
        return {"ok": False, "error": f"the request lacks {error}"}
    except (HarnessError, OSError, LookupError, ValueError) as error:
        return {"ok": False, "error": str(error) or type(error).__name__}


def sample(who: dict[str, Any], view: View | None, seen: object) -> dict[str, Any]:
    """A node's word on itself; the view's content only where its digest is not the one the asker has `seen`."""
    if view is None:
        return {**who, "revision": 0, "digest": "", "view": None}
    return {
        **who,
        "revision": view.revision,
        "digest": view.digest,
        "view": None if view.digest == seen else view.to_json(),
    }


def whole(view: View | None) -> dict[str, Any]:
    """A node's view as JSON. Raises NotReadyError while there is none."""
    if view is None:
        raise NotReadyError("no view yet: etcd has not answered")
    return view.to_json()
