import asyncio
import json
from contextlib import asynccontextmanager
from itertools import count

from harness.workload import Client, Workload


class Heard:
    """Takes ops in place of a run's history."""

    def __init__(self):
        self.ops, self.said = [], asyncio.get_running_loop().create_future()

    def fact(self, actor, f, value):
        self.said.set_result((actor, f, value))

    def types(self, f):
        return [op.type for op in self.ops if op.f == f and op.type != "invoke"]


@asynccontextmanager
async def answering(heard, path, answer):
    """A client that is there: `answer` makes a dict of each request, or breaks the connection with None."""

    connections = []

    async def serve(reader, writer):
        connections.append(asyncio.current_task())
        async for line in reader:
            said = await answer(json.loads(line))
            if said is None:
                break
            writer.write(json.dumps(said).encode() + b"\n")
        writer.close()
        await writer.wait_closed()

    one, server = client(heard, path), await asyncio.start_unix_server(serve, path)
    try:
        yield one
    finally:
        server.close()
        one.close()
        await asyncio.gather(*connections)


async def well(request):
    return {"ok": True, "owner": "worker-1", "revision": 5}


def client(heard, path):
    return Client("client-1", str(path), heard.ops.append, count(1))


def workload(heard, *clients, keys=("a", "b", "c")):
    settings = {"keys": keys, "lookups_per_s": 1, "reads_per_s": 1, "seed": 1}
    return Workload(settings, list(clients), heard)


def test_final_says_how_many_lookups_and_reads_succeeded(tmp_path):
    async def only_lookups(request):
        return await well(request) if request["do"] == "lookup" else {"ok": False, "error": "no"}

    async def story():
        heard, path = Heard(), tmp_path / "control.sock"
        async with answering(heard, path, only_lookups) as one:
            workload(heard, one, client(heard, tmp_path / "nobody")).final()
            return await heard.said

    assert asyncio.run(story()) == ("workload", "final", {"clients": 2, "lookups": 3, "reads": 0})


def test_a_final_op_waits_for_a_free_place_and_any_other_is_not_begun(tmp_path):
    async def story():
        heard, path, let_go, waiting = Heard(), tmp_path / "control.sock", asyncio.Event(), []

        async def all_at_once(request):
            waiting.append(request)
            if len(waiting) == 16:
                let_go.set()
            await let_go.wait()
            return await well(request)

        async with answering(heard, path, all_at_once) as one:
            asked = [*(one.lookup("a") for _ in range(16)), one.lookup("b"), one.lookup("c", is_final=True)]
            done = await asyncio.gather(*asked)
        return done[16:], {op.value["key"] for op in heard.ops}

    assert asyncio.run(story()) == ([False, True], {"a", "c"})


def test_nobody_there_to_take_the_request_is_a_failure_and_a_broken_connection_is_unknown(tmp_path):
    async def hang_up(request):
        return None

    async def story():
        heard, path = Heard(), tmp_path / "control.sock"
        await client(heard, path).lookup("a")
        async with answering(heard, path, hang_up) as one:
            await one.lookup("b")
        await one.lookup("c")
        return heard.types("lookup")

    assert asyncio.run(story()) == ["fail", "info", "fail"]


def test_what_a_client_tells_of_an_op_that_failed_is_kept(tmp_path):
    async def owner_only(request):
        return {"ok": False, "error": "no", "owner": "worker-1"}

    async def story():
        heard, path = Heard(), tmp_path / "control.sock"
        async with answering(heard, path, owner_only) as one:
            await one.read("a")
        return heard.ops[-1]

    op = asyncio.run(story())
    assert (op.type, op.error, op.value) == ("fail", "no", {"key": "a", "owner": "worker-1"})


def test_an_op_that_somebody_asked_for_by_a_number_has_it_for_its_id_and_waits_for_a_free_place(tmp_path):
    async def story():
        heard, path, let_go = Heard(), tmp_path / "control.sock", asyncio.Event()

        async def slowly(request):
            await let_go.wait()
            return await well(request)

        async with answering(heard, path, slowly) as one:
            busy, asked = [asyncio.create_task(one.lookup("a")) for _ in range(16)], workload(heard, one)
            asked.told("lookup", client="client-1", key="b", number=-3)
            let_go.set()
            await asyncio.gather(*busy, *asked._tasks)
        return [(op.type, op.id) for op in heard.ops if op.value["key"] == "b"]

    assert asyncio.run(story()) == [("invoke", -3), ("ok", -3)]
