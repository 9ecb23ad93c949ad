"""Whole runs with etcd in a container: faults, strangers, and an engine that goes away."""

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from harness.cluster.ledger import Ledger
from harness.cluster.wait import wait_until
from harness.core.history import Op
from tests.integration.engine_proxy import EngineProxy

pytestmark = pytest.mark.cluster

STORY = """# etcd in a container.
cluster: {workers: 2, clients: 1}
workload: {keys: 20, lookups_per_s: 50, reads_per_s: 5}
duration: 3s
"""
FAULTS = """# etcd in a container is paused, killed, stopped and cut off.
cluster: {workers: 2, clients: 1}
workload: {keys: 20, lookups_per_s: 50, reads_per_s: 5}
steps:
  - {at: 500ms, for: 1s, pause: etcd-1}
  - {at: 3s, for: 500ms, kill: etcd-1}
  - {at: 6s, restart: {etcd: etcd-1, down_for: 500ms}}
  - {at: 9s, for: 1s, isolate: etcd-1}
  - {at: 12s, for: 1s, partition: [[worker-1], [etcd-1]]}
duration: 16s
invariants: [faults-are-proven, nothing-left-behind, views-agree-in-the-end, no-premature-eviction, owner-is-the-rings]
"""


@pytest.fixture
def story(tmp_path, engine):
    path = tmp_path / "story.yaml"
    path.write_text(STORY)
    return path


def start(story, runs, *options):
    program = [sys.executable, "-m", "harness", "run", str(story), "--runs", str(runs), "--json", "--etcd", "docker"]
    program += options
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def carried_out(story, runs, *options):
    process = start(story, runs, *options)
    out, err = process.communicate(timeout=120)
    assert process.returncode in (0, 1, 2), err
    return json.loads(out)


def ops(folder):
    return [Op.parse(line) for line in (folder / "history.jsonl").read_bytes().splitlines()]


def started_folder(runs):
    """Of a run that has come to its run phase."""

    def begun():
        histories = list(runs.glob("*/history.jsonl"))
        return histories and b'"phase":"run"' in histories[0].read_bytes()

    wait_until("the run phase", begun, 30)
    return next(runs.iterdir())


def pid_of_etcd(folder):
    lines = (folder / "history.jsonl").read_bytes().splitlines()[:-1]
    return next(op.value["pid"] for op in map(Op.parse, lines) if (op.actor, op.f) == ("etcd-1", "start"))


def test_a_run_is_valid_its_etcd_is_the_engines_and_nothing_is_left(story, tmp_path):
    result = carried_out(story, tmp_path / "runs")
    assert (result["outcome"], result["left_behind"]) == ("valid", [])
    assert result["etcd"] == {"runtime": "docker", "version": result["etcd"]["version"], "members": 1}
    folder = Path(result["run_dir"])
    metrics = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["rss_bytes"] > 1 << 20 for row in metrics if row["node"] == "etcd-1"]
    (end,) = (op.value for op in ops(folder) if (op.actor, op.f) == ("etcd-1", "exit"))
    assert end["asked"]


def test_every_fault_works_on_a_member_in_a_container(story, tmp_path):
    story.write_text(FAULTS)
    result = carried_out(story, tmp_path / "runs")
    assert [(row["fault"], row["effect"], row["heal"]) for row in result["faults"]] == [
        (row["fault"], "proven", "proven") for row in result["faults"]
    ]
    assert (result["outcome"], result["left_behind"]) == ("valid", [])
    starts = [op.value for op in ops(Path(result["run_dir"])) if (op.actor, op.f) == ("etcd-1", "start")]
    ends = [op.value for op in ops(Path(result["run_dir"])) if (op.actor, op.f) == ("etcd-1", "exit")]
    assert [start["incarnation"] for start in starts] == [1, 2, 3]
    assert ends[0]["status"] == -signal.SIGKILL
    assert len({start["pid"] for start in starts}) == 3


def test_three_members_in_containers_elect_a_leader_and_outlive_one_of_them(story, tmp_path):
    steps = "steps: [{at: 1s, for: 1s, kill: etcd-2}]\n"
    story.write_text(STORY.replace("clients: 1}", "clients: 1, etcd: {members: 3}}") + steps)
    result = carried_out(story, tmp_path / "runs", "--set", "duration=5s")
    assert (result["outcome"], result["left_behind"]) == ("valid", [])
    assert result["etcd"]["members"] == 3


def test_a_container_killed_by_a_stranger_makes_the_run_unknown_and_is_told(story, tmp_path):
    process = start(story, tmp_path / "runs")
    os.kill(pid_of_etcd(started_folder(tmp_path / "runs")), signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "etcd-1 was ended by SIGKILL after" in err
    assert json.loads(out)["left_behind"] == []


def test_a_container_removed_by_a_stranger_is_a_member_that_died(story, tmp_path, engine):
    from harness.cluster.engine import Engine

    process = start(story, tmp_path / "runs")
    folder = started_folder(tmp_path / "runs")
    with closing(Engine(engine)) as client:
        (container,) = client.containers(str(folder.resolve()))
        client.remove(container.id)
    _, err = process.communicate(timeout=60)
    assert process.returncode in (2, 255)
    assert "Traceback" not in err
    assert "etcd-1" in err
    assert Ledger(str(folder.resolve()), engine=engine).left_behind() == []


def test_a_broker_that_ends_is_told_and_its_containers_go_too(story, tmp_path, engine):
    process = start(story, tmp_path / "runs", "--set", "duration=1m")
    folder = started_folder(tmp_path / "runs")
    kin = psutil.Process(process.pid).children(recursive=True)
    next(child for child in kin if "harness.cluster.broker" in child.cmdline()).kill()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 255
    assert "the broker ended unasked, and with it every container of the run" in err
    assert "Traceback" not in err
    assert Ledger(str(folder.resolve()), engine=engine).left_behind() == []


@pytest.fixture
def proxy(engine, tmp_path, monkeypatch):
    proxy = EngineProxy(engine, tmp_path / "engine.sock")
    monkeypatch.setenv("DOCKER_HOST", proxy.url)
    yield proxy
    proxy.close()


def test_an_engine_that_falls_silent_holds_nobody_up_and_once_it_is_back_nothing_is_left(
    story, tmp_path, proxy, engine
):
    process = start(story, tmp_path / "runs")
    folder = started_folder(tmp_path / "runs")
    etcd = psutil.Process(pid_of_etcd(folder))
    proxy.hang()
    out, err = process.communicate(timeout=90)
    assert process.returncode in (2, 255), err
    assert "Traceback" not in err
    assert any("nobody knows which containers" in text for text in json.loads(out)["left_behind"])
    assert not etcd.is_running()
    proxy.resume()
    ledger = Ledger(str(folder.resolve()), engine=engine)
    wait_until("nothing left", lambda: not ledger.left_behind(), 30)


def test_an_engine_that_was_silent_for_a_moment_does_no_harm(story, tmp_path, proxy):
    process = start(story, tmp_path / "runs")
    started_folder(tmp_path / "runs")
    proxy.hang()
    proxy.resume()
    out, _ = process.communicate(timeout=60)
    assert json.loads(out)["outcome"] == "valid"
