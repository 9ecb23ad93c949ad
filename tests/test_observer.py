"""What the observer makes of the nodes' answers; the nodes here answer as real ones do, over their control sockets."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from harness.core.membership import View
from harness.core.repeats import Whole, Written
from harness.dora import control
from harness.errors import InputError
from harness.observer import Pace, Sampler

NAMES = ("worker-1", "worker-2", "client-1")


async def asked_twice(folder, views):
    """The ops of an observer that asks each node twice; `views` are what each node has at the first and the second."""
    ops, written = [], Written()
    async with AsyncExitStack() as at_the_end:
        samplers = []
        for name in NAMES:
            answerer = answers(iter(views[name]))
            server = await control.listen(str(folder / name), {"sample": answerer})
            at_the_end.callback(server.close)
            samplers.append(Sampler(name, str(folder / name), ops.append, Pace.of(3), written))
        for _ in range(2):
            for sampler in samplers:
                await sampler._sample()
        for sampler in samplers:
            sampler._line.close()
    return ops


def answers(views):
    async def sample(request):
        who = {"pid": 7, "incarnation": 1, "id": None, "state": "ready"}
        return control.sample(who, next(views), request["seen"])

    return sample


def told(ops):
    return [(op.actor, op.value["revision"], "online" in op.value) for op in ops if op.f == "view"]


def test_a_view_that_many_have_is_written_once_and_read_whole_for_each(tmp_path):
    views = {name: (View(4), View(4)) for name in NAMES}
    ops = asyncio.run(asked_twice(tmp_path, views))
    assert told(ops) == [("worker-1", 4, True), ("worker-2", 4, False), ("client-1", 4, False)]
    whole = Whole()
    assert [whole.of(op).value["online"] for op in ops if op.f == "view"] == [{}, {}, {}]


def test_another_content_is_written_and_another_revision_of_the_same_is_told(tmp_path):
    other = View(6, rejected=("/x",))
    views = {"worker-1": (View(4), View(5)), "worker-2": (View(4), other), "client-1": (None, View(6))}
    ops = asyncio.run(asked_twice(tmp_path, views))
    assert told(ops) == [
        ("worker-1", 4, True),
        ("worker-2", 4, False),
        ("worker-1", 5, False),
        ("worker-2", 6, True),
        ("client-1", 6, False),
    ]
    assert len([op for op in ops if op.f == "sample"]) == 6


def test_a_node_that_has_no_answer_is_told_as_one_that_failed_and_asked_again(tmp_path):
    async def asked():
        ops = []

        async def sample(request):
            raise InputError("members are no list")

        async with AsyncExitStack() as at_the_end:
            server = await control.listen(str(tmp_path / "client-1"), {"sample": sample})
            at_the_end.callback(server.close)
            sampler = Sampler("client-1", str(tmp_path / "client-1"), ops.append, Pace.of(1), Written())
            at_the_end.callback(sampler._line.close)
            assert await sampler._sample()
        return ops

    [op] = asyncio.run(asked())
    assert (op.f, op.type, op.error) == ("sample", "fail", "members are no list")


@pytest.mark.parametrize(
    ("nodes", "heard_s", "unheard_s"),
    [(1, 0.1, 0.02), (7, 0.1, 0.02), (50, 0.1, 0.1), (100, 0.2, 0.2), (1001, 2.1, 2.002)],
)
def test_however_many_nodes_there_are_no_more_than_five_hundred_are_asked_a_second(nodes, heard_s, unheard_s):
    pace = Pace.of(nodes)
    assert (pace.heard_s, pace.unheard_s) == pytest.approx((heard_s, unheard_s))
    assert nodes / min(pace.heard_s, pace.unheard_s) <= 500.1
