"""What must stay cheap, as ratios measured side by side: no figure of one machine is any use on another."""

import time
from uuid import UUID

import pytest

from harness.checks import judge
from harness.core.history import History
from harness.core.identity import WorkerId
from harness.core.ring import Ring
from harness.report.soak import differing, scenario_rows, worst_margins
from tests.checks.telling import (
    KEYS,
    PLAN,
    WORKERS,
    flat,
    granted,
    joined,
    kept,
    looked_up,
    owner_of,
    phase,
    reached,
    run_begins,
    samples,
    snapshot,
    started,
    viewed,
)
from tests.core.test_ring import plain_point
from tests.report.soaks import ended, margin

ROUNDS = 5


def ratio(one, other):
    """How many times the CPU time of `other` the call of `one` takes: the best of a few rounds, in turns."""
    taken_s = [(cpu_s(one), cpu_s(other)) for _ in range(ROUNDS)]
    return min(a for a, _ in taken_s) / min(b for _, b in taken_s)


def cpu_s(call):
    began_s = time.process_time()
    call()
    return time.process_time() - began_s


def history(seconds):
    """Nothing goes wrong: three workers and two clients, sampled ten times a second, 40 lookups a second."""
    owners = {key: owner_of(key) for key in KEYS}
    puts = [joined(-1 + 0.1 * n, name, 2 + n, 11 + n) for n, name in enumerate(WORKERS)]
    nodes = (*WORKERS, *PLAN.clients)
    keys = [KEYS[number % len(KEYS)] for number in range(40 * seconds)]
    return History.of(
        flat(
            [
                run_begins(),
                snapshot(-2, 1),
                puts,
                *([started(-1.5, name, 1), viewed(-0.5, name, 4)] for name in nodes),
                *(granted(-1.2, name, 11 + n) for n, name in enumerate(WORKERS)),
                *(kept(0.5 * t, name, 11 + n) for t in range(2 * seconds) for n, name in enumerate(WORKERS)),
                *(samples(0, seconds, name, 4) for name in nodes),
                *(looked_up(0.025 * n, key, owners[key], 4) for n, key in enumerate(keys)),
                reached(-2, seconds, 4),
                phase(seconds, "run"),
            ]
        )
    )


def test_a_history_of_four_times_the_length_is_judged_in_four_times_the_time():
    short, long = history(20), history(80)
    assert {verdict.outcome for verdict in judge(PLAN, long).verdicts} <= {"valid", "unknown"}
    assert ratio(lambda: judge(PLAN, long), lambda: judge(PLAN, short)) < 8  # were it quadratic, 16


def test_all_points_at_once_are_at_least_twice_as_fast_as_one_by_one():
    ids, vnodes = [WorkerId(1, UUID(int=number).bytes) for number in range(100)], 2000

    def plain():
        return sorted({plain_point(worker, index): worker for worker in ids for index in range(vnodes)})

    assert Ring.build(ids, vnodes).points.tolist() == plain()
    assert ratio(plain, lambda: Ring.build(ids, vnodes)) > 2


@pytest.mark.parametrize("summed", [scenario_rows, worst_margins, differing])
def test_four_times_the_runs_are_summed_up_in_four_times_the_time(summed):
    def runs(number):
        return [ended(n, margins=(margin(1.0, n),), outcomes={"leaves": "valid"}) for n in range(number)]

    few, many = runs(5_000), runs(20_000)
    assert ratio(lambda: summed(many), lambda: summed(few)) < 10
