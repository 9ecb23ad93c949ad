"""Workers that join and are removed, as a plan has them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.plan import When
from harness.errors import ScenarioError
from tests.scenario.reading import plan

COMINGS = """
cluster: {workers: 3}
steps:
  - {at: 1s, join: 2}
  - {at: 4s, decommission: any}
  - {at: 6s, join: 1}
  - {when: {online: all}, rolling-restart: all}
  - {when: {online: 1}, for: 1s, kill: {any: 2}}
"""


def targets(made):
    return [step.params.get("targets") for step in made.steps]


def steps(text, workers=3, seed=7):
    return plan(f"cluster: {{workers: {workers}}}\nsteps: [{text}]", seed).steps


def test_joiners_are_numbered_on_from_the_last_in_the_order_of_the_file_and_have_identities():
    made = plan("cluster: {workers: 2}\nsteps: [{at: 9s, join: 1}, {at: 1s, join: 2}]")
    assert (made.workers, made.joiners) == (("worker-1", "worker-2"), ("worker-3", "worker-4", "worker-5"))
    assert targets(made) == [["worker-3"], ["worker-4", "worker-5"]]
    assert tuple(made.identities) == made.workers + made.joiners
    assert made.identities["worker-3"] == plan("cluster: {workers: 3}").identities["worker-3"]


@settings(deadline=None)
@given(seed=st.integers())
def test_nobody_is_asked_for_before_they_join_or_after_they_were_removed(seed):
    first, (removed,), second, rolled, killed = targets(plan(COMINGS, seed))
    assert removed in ("worker-1", "worker-2", "worker-3", *first)
    assert removed not in (*rolled, *killed)
    there = {"worker-1", "worker-2", "worker-3", *first, *second} - {removed}
    assert set(rolled) == there
    assert set(killed) <= there


@settings(deadline=None)
@given(seed=st.integers())
def test_nobody_is_removed_whom_a_later_step_names_or_draws(seed):
    removed, later, _ = (
        step.params["targets"]
        for step in steps(
            "{at: 1s, decommission: any}, {when: {online: 1}, restart: {worker: {any: 2}}}, {at: 9s, kill: worker-1}",
            workers=4,
            seed=seed,
        )
    )
    assert removed != ["worker-1"]
    assert removed[0] not in later


@pytest.mark.parametrize(
    ("state", "names"),
    [("online", ("worker-1", "worker-4")), ("offline", ("worker-1", "worker-3", "worker-4"))],
)
def test_all_are_those_brought_and_not_removed_before(state, names):
    before = "{at: 1s, join: 1}, {at: 2s, decommission: worker-2}, {at: 3s, kill: worker-3}"
    made = steps(f"{before}, {{when: {{{state}: all}}, isolate: client-1}}, {{at: 1s, join: 1}}")
    assert made[3].when == When(state, names)


def test_a_rolling_restart_takes_everybody_but_those_who_were_killed_for_good_or_removed():
    made = steps("{at: 1s, kill: any}, {at: 2s, decommission: worker-2}, {at: 3s, rolling-restart: {signal: KILL}}")
    (killed,), _, rolled = (step.params["targets"] for step in made)
    assert rolled == [name for name in ("worker-1", "worker-3") if name != killed]
    assert made[2].params == {"targets": rolled, "signal": "KILL", "down_for": 1.0, "between": 0.0}


def test_it_takes_all_the_time_of_its_workers_in_turn():
    with pytest.raises(ScenarioError, match="0 of 3 workers free"):
        steps("{at: 1s, rolling-restart: all}, {at: 3s, for: 1s, pause: any}")
    assert steps("{at: 1s, rolling-restart: all}, {at: 5s, for: 1s, pause: any}")


def test_a_worker_may_be_frozen_and_removed_at_once_and_cut_off_before_it_joins():
    made = steps(
        "{at: 1s, pause: worker-1}, {at: 5s, decommission: {worker: worker-1, stop: none}}, "
        "{at: 1s, partition: [[worker-4], rest]}, {at: 2s, join: 1}"
    )
    assert made[1].params == {"targets": ["worker-1"], "stop": "none"}


def test_a_step_that_follows_a_join_may_name_who_joined():
    made = steps("{at: 9s, join: 1}, {when: {online: [worker-4]}, decommission: worker-4}")
    assert made[1].when == When("online", ("worker-4",))
