"""Places for programs of whoever holds the cluster: they have a network and no process of the harness'."""

import json

import pytest

from harness.core.plan import Plan
from harness.errors import ScenarioError
from harness.faults import FAULTS, fault_of
from tests.scenario.reading import plan, read

CLUSTER = "cluster: {workers: 2, clients: 1, users: 2}"


def made(*steps):
    return plan(f"{CLUSTER}\nsteps: [{', '.join(steps)}]")


def cuts(step, names):
    """As pairs of sources and targets, each in order."""
    return {(tuple(sorted(sources)), tuple(sorted(targets))) for sources, targets in fault_of(step).cuts(names)}


def test_there_is_none_unless_it_is_asked_for():
    assert plan("cluster: {workers: 1}").users == ()


def test_they_are_nodes_of_the_plan_and_no_clients():
    both = made()
    assert both.users == ("user-1", "user-2")
    assert both.names[-2:] == both.users
    assert both.clients == ("client-1",)
    assert not {*both.users} & both.identities.keys()


def test_a_plan_keeps_them_and_one_of_before_they_were_invented_has_none():
    both = made()
    assert Plan.from_json(both.to_json()) == both
    row = json.loads(both.to_json())
    del row["users"]
    assert Plan.from_json(json.dumps(row)).users == ()


@pytest.mark.parametrize("whom", ["user-1", "[user-1]", "{user: user-1}"])
def test_one_can_be_isolated(whom):
    both = made(f"{{at: 1s, isolate: {whom}}}")
    assert both.steps[0].params["targets"] == ["user-1"]
    others = tuple(sorted(set(both.names) - {"user-1"}))
    assert cuts(both.steps[0], both.names) == {(("user-1",), others), (others, ("user-1",))}


def test_one_can_be_cut_off_from_some_and_is_among_the_rest():
    both = made("{at: 1s, partition: [[user-1, client-1], [worker-1]]}", "{at: 2s, partition: [[worker-2], rest]}")
    first, second = (cuts(step, both.names) for step in both.steps)
    assert (("client-1", "user-1"), ("worker-1",)) in first
    assert (("worker-2",), ("client-1", "etcd-1", "user-1", "user-2", "worker-1")) in second


def test_one_direction_can_be_cut():
    both = made("{at: 1s, partition: {from: [user-1], to: [etcd-1]}}")
    assert cuts(both.steps[0], both.names) == {(("user-1",), ("etcd-1",))}


@pytest.mark.parametrize("fault", ["pause", "kill", "restart", "decommission"])
def test_what_is_done_to_a_process_is_not_done_to_them(fault):
    with pytest.raises(ScenarioError, match="user-1 is no worker"):
        made(f"{{at: 1s, {fault}: user-1}}")


def test_only_faults_of_links_are_for_them():
    assert {name for name, fault in FAULTS.items() if "user" in fault.roles} == {"isolate", "partition"}


def test_one_that_there_is_not_is_told_with_those_that_there_are():
    with pytest.raises(
        ScenarioError,
        match="no node is called 'user-3'; there are worker-1, worker-2, client-1, etcd-1, user-1, user-2",
    ):
        made("{at: 1s, isolate: user-3}")


def test_they_are_never_drawn_and_never_waited_for():
    for seed in range(5):
        drawn = plan(f"{CLUSTER}\nsteps: [{{at: 1s, isolate: {{any: 2}}}}]", seed)
        assert drawn.steps[0].params["targets"] == ["worker-1", "worker-2"]
    with pytest.raises(ScenarioError):
        made("{when: {online: [user-1]}, kill: worker-1}")


@pytest.mark.parametrize("number", ["-1", "many", "1.5"])
def test_a_number_that_is_none_is_refused(number):
    with pytest.raises(ScenarioError):
        read(f"cluster: {{users: {number}}}")
