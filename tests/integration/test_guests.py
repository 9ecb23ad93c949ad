"""Clients of somebody else in whole runs: what is judged of them, and what becomes of those that end or never come."""

import shutil
import sys
from pathlib import Path

import pytest

from harness import load_scenario, make_plan, run
from harness.core.shapes import wrong_with
from harness.errors import ClusterError
from harness.report.run_dir import RunDir

pytestmark = pytest.mark.cluster

CLIENT = Path(__file__).parent.parent / "clients" / "plain_client.py"
STORY = """
cluster: {{workers: 3, clients: 2}}
system:
  client:
    command: [{python}, plain_client.py, --etcd, "http://etcd-1:{{etcd_port}}", --cluster, "{{cluster_name}}", {more}]
workload: {{keys: 20, lookups_per_s: 50, reads_per_s: 20}}
steps: [{step}]
{rest}
"""


def ran(folder, *more, step="", rest="tail: 3s", expect=""):
    shutil.copy(CLIENT, folder)
    text = STORY.format(python=sys.executable, more=", ".join(more), step=step, rest=f"{rest}\n{expect}")
    (folder / "story.yaml").write_text(text)
    scenario = load_scenario(folder / "story.yaml")
    return run(make_plan(scenario, seed=1), scenario, runs=folder / "runs")


def examined(result, name):
    return next(one.examined for one in result.invariants if one.name == name)


def ops(result, actor, f):
    return [op for op in RunDir.open(Path(result.run_dir)).ops() if (op.actor, op.f) == (actor, f)]


def test_a_client_of_somebody_else_is_judged_by_what_it_reads_and_by_no_revision(tmp_path):
    result = ran(tmp_path, step="{at: 1s, restart: {worker: worker-2, down_for: 2s}}")
    assert result.outcome == "valid", result.to_json()
    assert examined(result, "reads-are-what-the-ufs-holds")["reads"] > 20
    assert "owner-is-the-rings" in [one["name"] for one in result.not_judged]
    assert len({tuple(op.value["members"]) for op in ops(result, "client-1", "members")}) == 2
    told = [(op, wrong_with(op, ("client-1", "client-2"))) for op in RunDir.open(Path(result.run_dir)).ops()]
    assert [op for op, wrong in told if wrong] == []


@pytest.mark.parametrize("step", ["pause: client-1", "kill: client-1", "isolate: client-1"])
def test_whatever_befalls_the_node_befalls_the_command(step, tmp_path):
    result = ran(tmp_path, step=f"{{at: 1s, for: 2s, {step}}}")
    assert result.outcome == "valid", result.to_json()
    assert {op.type for op in ops(result, "nemesis", "heal")} == {"invoke", "ok"}


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        ("cuts-short", "healthy-owners-serve"),
        ("gives-up", "healthy-owners-serve"),
        ("rots", "reads-are-what-the-ufs-holds"),
    ],
)
def test_a_client_of_somebody_else_that_breaks_a_promise_is_caught(wrong, caught_by, tmp_path):
    result = ran(tmp_path, "--wrong", wrong)
    assert [one.name for one in result.invariants if one.outcome == "violated"] == [caught_by], result.to_json()


def test_what_is_no_answer_goes_into_the_log_and_harms_nobody(tmp_path):
    result = ran(tmp_path, "--wrong", "babbles")
    assert result.outcome == "valid", result.to_json()
    assert "this is no answer: b'what was that?" in (Path(result.run_dir) / "logs" / "client-1.log").read_text()


def test_a_command_that_ends_unasked_is_the_death_of_its_node(tmp_path):
    result = ran(tmp_path, "--wrong", "dies")
    assert result.outcome == "unknown", result.to_json()
    death = next(op for op in ops(result, "client-1", "exit") + ops(result, "client-2", "exit") if op.error)
    assert death.value["asked"] is False
    assert "exited with 1 after" in death.error
    assert "it had enough" in death.error


def test_a_command_that_does_not_start_is_told_with_what_it_said(tmp_path):
    with pytest.raises(ClusterError, match=r"client-\d exited with 2 after .* unrecognized arguments: --nonsense"):
        ran(tmp_path, "--nonsense")
