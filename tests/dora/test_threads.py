import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.dora import threads
from harness.dora.threads import Threads, in_time

ROOT = Path(__file__).parents[2]


def with_threads(what, count=2, patience_s=0.05):
    """What a coroutine function gives that is given threads, and a gate at which calls hang until it returns."""
    gate = threading.Event()

    async def running():
        pool = Threads("test", count, patience_s)
        try:
            return await asyncio.wait_for(what(pool, gate), 60)
        finally:
            gate.set()
            pool.close()

    return asyncio.run(running())


def hang(pool, gate, times):
    return [asyncio.create_task(pool.run(gate.wait)) for _ in range(times)]


def test_a_call_gives_what_it_gives_or_raises():
    async def both(pool, gate):
        with pytest.raises(ZeroDivisionError):
            await pool.run(divmod, 1, 0)
        return await pool.run(divmod, 7, 2)

    assert with_threads(both) == (3, 1)


def test_a_thread_that_is_free_is_used_again():
    async def one_by_one(pool, gate):
        return {await pool.run(threading.get_ident) for _ in range(50)}

    assert len(with_threads(one_by_one)) == 1


def test_no_more_at_once_than_were_promised():
    now, most, guard = [0], [0], threading.Lock()

    def work():
        with guard:
            now[0] += 1
            most[0] = max(most[0], now[0])
        threading.Event().wait(0.001)
        with guard:
            now[0] -= 1

    async def many(pool, gate):
        await asyncio.gather(*(pool.run(work) for _ in range(200)))

    with_threads(many, count=3, patience_s=60)
    assert most == [3]


def test_calls_that_hang_lose_their_turn_to_others():
    async def beside(pool, gate):
        hung = hang(pool, gate, 2)
        while True:
            try:
                return await pool.run(divmod, 7, 2), [task.done() for task in hung]
            except TimeoutError:
                continue

    assert with_threads(beside) == ((3, 1), [False, False])


def test_when_too_many_hang_others_are_told_in_time_and_are_served_again_when_it_is_over(monkeypatch):
    monkeypatch.setattr(threads, "_LOST_MAX", 3)

    entered = []

    async def too_many(pool, gate):
        def work():
            entered.append(1)
            return gate.wait()

        hung = []
        while len(entered) < 2 + 3:
            hung += [asyncio.create_task(pool.run(work))]
            await asyncio.wait(hung, timeout=0.01)
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await pool.run(divmod, 7, 2)
        gate.set()
        told = await asyncio.gather(*hung, return_exceptions=True)
        return await pool.run(divmod, 7, 2), sum(answer is True for answer in told)

    assert with_threads(too_many) == ((3, 1), 5)


def test_a_thread_that_can_not_be_started_is_told_and_costs_no_turn(monkeypatch):
    async def without(pool, gate):
        with monkeypatch.context() as patch:
            patch.setattr(threads.Thread, "start", no_thread)
            for _ in range(3):
                with pytest.raises(RuntimeError, match="can't start new thread"):
                    await pool.run(divmod, 7, 2)
        return await pool.run(threading.get_ident) != threading.get_ident(), await pool.run(divmod, 7, 2)

    def no_thread(thread):
        raise RuntimeError("can't start new thread")

    assert with_threads(without) == (True, (3, 1))


def test_who_gives_up_leaves_the_turns_as_they_were():
    async def give_up(pool, gate):
        for task in hang(pool, gate, 20):
            await asyncio.wait([task], timeout=0)
            task.cancel()
        gate.set()
        return await asyncio.gather(*(pool.run(divmod, 7, 2) for _ in range(20)))

    assert with_threads(give_up, patience_s=60) == [(3, 1)] * 20


def test_who_waits_too_long_is_told_for_how_long():
    async def wait():
        async with in_time(0.01):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError, match=r"it has not answered for 0.01 s"):
        asyncio.run(wait())


def test_a_call_that_never_ends_keeps_no_process_from_its_end():
    program = """
import asyncio, threading
from harness.dora.threads import Threads
async def main():
    pool = Threads("test", 1, 60)
    hung = asyncio.create_task(pool.run(threading.Event().wait))
    await asyncio.sleep(0)
    pool.close()
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
