import asyncio
import logging
from contextlib import asynccontextmanager, closing

import pytest
from aiohttp import web
from aiohttp.http import HttpProcessingError

from harness.dora.connections import Connections, http_log

REQUEST = b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"


@asynccontextmanager
async def with_few(most, gate):
    """Gives a function that connects to a server with room for `most`, whose answers wait for the gate."""

    async def wait(request):
        await gate.wait()
        return web.Response(text="done")

    connections = Connections(logging.getLogger("connections"))
    connections.most = most
    served = web.Application(middlewares=[connections.middleware])
    served.router.add_get("/wait", wait)
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    listening = await asyncio.get_running_loop().create_server(connections.of(runner), "127.0.0.1", 0)
    port, lines = listening.sockets[0].getsockname()[1], []

    async def connect(said=b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines.append(writer)
        writer.write(said)
        return reader, writer

    try:
        yield connect, connections
    finally:
        for line in lines:
            line.close()
        with closing(listening):
            await runner.cleanup()


async def until_busy(connections, count):
    while len(connections._busy) < count:
        await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=0.001)


def run(most, what):
    async def running():
        gate = asyncio.Event()
        async with with_few(most, gate) as (connect, connections):
            return await what(connect, connections, gate)

    return asyncio.run(asyncio.wait_for(running(), 60))


def test_at_the_limit_the_oldest_who_asks_nothing_makes_room():
    async def three(connect, connections, gate):
        gate.set()
        first, _ = await connect(REQUEST)
        second, _ = await connect()
        assert (await first.readline()).startswith(b"HTTP/1.1 200")
        third, _ = await connect(REQUEST)
        assert (await third.readline()).startswith(b"HTTP/1.1 200")
        await first.read()
        return second.at_eof()

    assert run(2, three) is False


def test_who_is_served_is_not_thrown_out_and_where_all_are_the_next_is_not_let_in():
    async def three(connect, connections, gate):
        (first, _), (second, _) = await connect(REQUEST), await connect(REQUEST)
        await until_busy(connections, 2)
        third, _ = await connect()
        refused = await third.read()
        gate.set()
        return refused, await first.readline(), await second.readline()

    assert run(2, three) == (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n")


def test_below_the_limit_nobody_is_sent_away():
    async def three(connect, connections, gate):
        gate.set()
        lines = [await connect(REQUEST) for _ in range(3)]
        return [await reader.readline() for reader, _ in lines]

    assert run(3, three) == [b"HTTP/1.1 200 OK\r\n"] * 3


@pytest.mark.parametrize(("error", "told"), [(HttpProcessingError(), ""), (ZeroDivisionError(), "ZeroDivisionError")])
def test_only_a_failure_of_our_own_is_told_with_its_trace(caplog, error, told):
    log = http_log(logging.getLogger("traced"))
    for _ in range(2):
        try:
            raise error
        except type(error):
            log.exception("Error handling request from %s", "somebody")
    assert len(caplog.records) == (1 if not told else 2)
    assert ("Traceback" in caplog.text) == bool(told)
    assert told in caplog.text
