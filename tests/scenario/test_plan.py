import json
import subprocess
import sys
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.plan import Expect, Plan, Selection, When
from harness.errors import ScenarioError
from tests.scenario.reading import plan, read
from tests.scenario.test_parse import WHOLE

DRAWS = """
cluster: {workers: 6}
steps:
  - {at: 1s, for: 4s, pause: any}
  - {at: 2s, for: 4s, isolate: {any: 2}}
  - {at: 3s, restart: {worker: {any: 2}}}
  - {when: {online: all}, kill: any}
  - {when: {offline: 1}, for: 1s, partition: [[worker-1], rest]}
"""
PRINT = """
import sys
from tests.scenario.reading import plan
print(plan(sys.argv[1]).to_json())
"""


def targets(made):
    return [step.params.get("targets") for step in made.steps]


def step(text, **overrides):
    return plan(f"cluster: {{workers: 5}}\nsteps: [{text}]", **overrides).steps[0]


def test_the_same_seed_gives_the_same_bytes_in_another_process_whatever_the_hash_seed():
    plans = {
        subprocess.run(
            [sys.executable, "-c", PRINT, DRAWS],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert plans == {plan(DRAWS).to_json() + "\n"}


def test_another_seed_gives_other_identities_and_draws():
    assert plan(DRAWS, 1).identities != plan(DRAWS, 2).identities
    assert len({str(targets(plan(DRAWS, seed))) for seed in range(20)}) > 10


@settings(deadline=None)
@given(seed=st.integers())
def test_a_draw_takes_no_worker_that_another_open_step_holds(seed):
    one, two, three, four, _ = targets(plan(DRAWS, seed))
    assert len({*one, *two, *three}) == 5
    assert four[0] not in {*one, *two}


def test_a_plan_read_back_is_the_same():
    for text in (WHOLE, DRAWS, "{}"):
        assert Plan.from_json(plan(text).to_json()) == plan(text)


def test_nodes_keys_and_identities_are_named():
    made = plan("cluster: {workers: 2, clients: 0, etcd: {members: 3}}\nworkload: {keys: 2}")
    assert (made.workers, made.clients, made.etcd.members) == (
        ("worker-1", "worker-2"),
        (),
        ("etcd-1", "etcd-2", "etcd-3"),
    )
    assert made.workload.keys == ("file:///ufs/key-00001", "file:///ufs/key-00002")
    assert [UUID(identity.removeprefix("worker-")).version for identity in made.identities.values()] == [5, 5]
    assert tuple(made.identities) == made.workers


def test_identities_depend_on_the_seed_and_the_node_alone():
    few, many = plan("cluster: {workers: 2}").identities, plan("cluster: {workers: 9}\ntail: 9s").identities
    assert few == {name: many[name] for name in few}


@pytest.mark.parametrize(
    ("text", "fault", "params"),
    [
        ("{at: 1s, pause: worker-2}", "pause", {"targets": ["worker-2"]}),
        ("{at: 1s, kill: [worker-2, etcd-1]}", "kill", {"targets": ["worker-2", "etcd-1"]}),
        ("{at: 1s, isolate: {client: client-1}}", "isolate", {"targets": ["client-1"]}),
        ("{at: 1s, restart: worker-1}", "restart", {"targets": ["worker-1"], "signal": "TERM", "down_for": 1.0}),
        (
            "{at: 1s, restart: {etcd: etcd-1, signal: KILL, down_for: 200ms}}",
            "restart",
            {"targets": ["etcd-1"], "signal": "KILL", "down_for": 0.2},
        ),
        (
            "{at: 1s, partition: [[worker-1, worker-2], rest]}",
            "partition",
            {"groups": [["worker-1", "worker-2"], ["rest"]], "from_": [], "to": []},
        ),
        (
            "{at: 1s, partition: {from: rest, to: [worker-1]}}",
            "partition",
            {"groups": [], "from_": ["rest"], "to": ["worker-1"]},
        ),
    ],
)
def test_every_form_of_a_fault_becomes_its_parameters(text, fault, params):
    made = step(text)
    assert (made.fault, made.params, made.at_s) == (fault, params, 1.0)


def test_the_leader_of_one_member_is_that_member():
    assert step("{at: 1s, pause: leader}").params == {"targets": ["etcd-1"]}


def test_the_leader_of_several_members_is_left_to_the_run():
    made = plan("cluster: {etcd: {members: 3}}\nsteps: [{at: 1s, pause: leader}]")
    assert made.steps[0].params == {"targets": ["leader"]}


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{online: all}", When("online", ("worker-1", "worker-2", "worker-3", "worker-4", "worker-5"))),
        ("{offline: 2, within: 5s}", When("offline", count=2, within_s=5.0)),
        ("{offline: [worker-4]}", When("offline", ("worker-4",))),
    ],
)
def test_conditions(when, expected):
    assert step(f"{{when: {when}, pause: worker-1}}").when == expected


def test_after_follows_the_condition():
    assert step("{when: {online: 1}, after: 2s, pause: worker-1}").when.after_s == 2.0


def test_online_all_leaves_out_whom_an_earlier_step_killed_for_good():
    text = "steps: [{at: 1s, kill: any}, {at: 2s, for: 1s, kill: any}, {when: {online: all}, isolate: client-1}]"
    made = plan(text)
    (gone,), (back,), _ = targets(made)
    assert gone not in made.steps[2].when.names
    assert back in made.steps[2].when.names


def test_offline_all_means_all():
    made = plan("steps: [{at: 1s, kill: worker-1}, {when: {offline: all}, isolate: client-1}]")
    assert made.steps[1].when.names == made.workers


def test_a_killed_worker_is_not_drawn_for_what_it_could_not_take_part_in():
    text = "steps: [{at: 9s, pause: worker-1, for: 1s}, {at: 1s, kill: any}, {at: 2s, restart: any}]"
    for seed in range(20):
        _, (killed,), (restarted,) = targets(plan(text, seed))
        assert "worker-1" != killed != restarted


def test_a_worker_that_is_cut_off_to_the_end_may_be_named_by_later_steps():
    pauses = ", ".join(f"{{at: {n}0s, for: 1s, pause: worker-{n}}}" for n in (1, 2, 3))
    assert targets(plan(f"steps: [{{at: 1s, isolate: any}}, {pauses}]"))[0][0].startswith("worker-")


def test_steps_that_wait_for_each_other_may_draw_the_same_worker():
    steps = ", ".join(["{when: {online: all}, for: 1s, pause: {any: 3}}"] * 3)
    assert targets(plan(f"steps: [{steps}]")) == [["worker-1", "worker-2", "worker-3"]] * 3


def test_a_step_that_waits_may_find_a_later_one_open():
    text = "cluster: {workers: 1}\nsteps: [{when: {online: all}, for: 1s, pause: any}, {at: 50s, pause: any}]"
    with pytest.raises(ScenarioError, match=r"x\.yaml:2:70: 1 to draw, and 0 of 1 workers free"):
        plan(text)


@pytest.mark.parametrize(
    ("text", "invariants", "expect"),
    [
        ("{}", Selection(), Expect()),
        ("invariants: [one-owner]", Selection(False, ("one-owner",)), Expect()),
        ("invariants: {default: true, without: [one-owner]}", Selection(without=("one-owner",)), Expect()),
        ("expect: unknown", Selection(), Expect("unknown")),
        (
            "expect: {violated: [one-owner], also: [views-agree]}",
            Selection(),
            Expect("violated", ("one-owner",), ("views-agree",)),
        ),
    ],
)
def test_what_is_judged_and_expected(text, invariants, expect):
    assert (plan(text).invariants, plan(text).expect) == (invariants, expect)


def test_what_is_judged_in_any_case_may_be_expected_to_fail():
    made = plan("{invariants: [one-owner], expect: {violated: [enough-evidence]}}")
    assert (made.invariants.names, made.expect.violated) == (("one-owner",), ("enough-evidence",))


def test_a_draw_that_fails_is_told_with_its_place_even_of_an_option():
    scenario = "cluster: {workers: 1}\nsteps: [{at: 1s, pause: worker-1}, {at: 2s, pause: any}]"
    assert read(scenario)
    with pytest.raises(ScenarioError, match=r"--set steps\.1\.pause: 1 to draw, and 0 of 1 workers"):
        plan(scenario, steps__1__pause="any")


def test_a_neighbour_has_our_name_with_a_1_and_workers_with_identities_of_their_own():
    made = plan("cluster: {workers: 2, neighbour: {}}")
    assert (made.neighbour.cluster, made.neighbours) == ("DefaultAlluxioCluster1", ("neighbour-1", "neighbour-2"))
    assert made.identities.keys() == {"worker-1", "worker-2", "neighbour-1", "neighbour-2"}
    assert not set(made.names) & set(made.neighbours)
    assert Plan.from_json(made.to_json()) == made
    assert plan("cluster: {neighbour: {name: theirs, workers: 1}}").neighbour.cluster == "theirs"


def test_a_plan_of_before_there_were_neighbours_is_read():
    made = plan("cluster: {workers: 2}")
    row = json.loads(made.to_json())
    del row["neighbour"]
    assert Plan.from_json(json.dumps(row)) == made


def test_a_guest_takes_the_part_of_every_client_or_of_those_that_are_named():
    words = "command: [run, '{name}']"
    made = plan(f"{{cluster: {{clients: 2}}, system: {{client: {{{words}}}}}}}")
    assert made.guests == dict.fromkeys(("client-1", "client-2"), ("run", "{name}"))
    assert made.own_clients == ()
    assert Plan.from_json(made.to_json()) == made
    some = plan(f"{{cluster: {{clients: 2}}, system: {{client: {{{words}, nodes: [client-2]}}}}}}")
    assert (list(some.guests), some.own_clients) == (["client-2"], ("client-1",))


def test_a_plan_of_before_there_were_guests_is_read():
    made = plan("workload: {file_bytes: 5}")
    row = json.loads(made.to_json())
    del row["guests"]
    assert (Plan.from_json(json.dumps(row)), made.workload.file_bytes) == (made, 5)


def test_bad_values_are_lists_in_a_plan_and_an_unquoted_null_is_one_of_them():
    every = ["empty", "null", "foreign", "truncated", "binary"]
    assert step("{at: 1s, corrupt: [null, binary]}").params == {"values": ["null", "binary"]}
    assert step("{at: 1s, corrupt: {}}").params == {"values": every}
    assert step("{at: 1s, compact: 3}").params == step("{at: 1s, compact: {keep: 3}}").params == {"keep": 3}
