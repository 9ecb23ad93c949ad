from dataclasses import replace

import pytest

from harness.core.lasting import away_s, is_for_good, lasts_s, run_s, takes_s
from harness.core.plan import Plan, Step, When, Workload

PLAN = Plan("told", 1, ("worker-1",), (), {}, {}, Workload((), 1.0, 1.0), tail_s=3.0)
PAUSE = {"targets": ["worker-1"]}
ROLLING = Step("rolling-restart", {"targets": ["worker-1", "worker-2"], "down_for": 2.0, "between": 3.0}, at_s=1.0)


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        (Step("pause", PAUSE, for_s=2.0), 2.0),
        (Step("pause", PAUSE), None),
        (Step("restart", {"targets": ["worker-1"], "down_for": 3.0}), 3.0),
        (Step("restart", {"targets": ["worker-1"], "down_for": 0.0}), 0.0),
        (Step("kill", PAUSE), None),
        (ROLLING, 0.0),
        (Step("join", PAUSE), 0.0),
        (Step("decommission", PAUSE), 0.0),
    ],
)
def test_a_fault_lasts_for_as_long_as_its_step_or_its_parameters_say(step, seconds):
    assert lasts_s(step) == seconds


def test_a_rolling_restart_takes_the_time_of_all_in_turn_and_has_each_for_its_own():
    assert (takes_s(ROLLING), away_s(ROLLING)) == (7.0, 2.0)
    assert takes_s(Step("pause", PAUSE, for_s=2.0)) == 0.0


def test_only_what_is_not_healed_is_for_good():
    assert all(is_for_good(Step(fault, PAUSE)) for fault in ("kill", "decommission", "join"))
    assert not is_for_good(Step("kill", PAUSE, for_s=2.0))
    assert not is_for_good(Step("pause", PAUSE))


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, 3.0),
        ({"duration_s": 8.0}, 8.0),
        ({"steps": (ROLLING,)}, 11.0),
        ({"steps": (Step("pause", PAUSE, at_s=2.0, for_s=5.0), Step("pause", PAUSE, at_s=4.0))}, 10.0),
        ({"steps": (Step("pause", PAUSE, at_s=2.0), Step("pause", PAUSE, when=When("online"), for_s=9.0))}, 5.0),
    ],
)
def test_a_run_lasts_until_its_last_steps_end_and_a_tail(changes, seconds):
    assert run_s(replace(PLAN, **changes)) == seconds
