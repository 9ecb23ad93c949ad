import json
import os
import subprocess
import sys

import pytest

from harness.cli import main
from tests.meta.source import ROOT

TALE = "seed: 11\ncluster: {workers: 4}\nsteps:\n  - {at: 1s, for: 2s, pause: any}\n"


@pytest.fixture
def tale(tmp_path):
    file = tmp_path / "tale.yaml"
    file.write_text(TALE)
    return str(file)


def plan_json(capsys, *arguments):
    assert main(["plan", *arguments, "--json"]) == 0
    return capsys.readouterr().out


def test_the_same_seed_gives_the_same_bytes_in_any_process(tale):
    command = [sys.executable, "-m", "harness", "plan", tale, "--seed", "7", "--json"]
    plans = {
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hashing}, capture_output=True, check=True
        ).stdout
        for hashing in ("1", "2")
    }
    assert len(plans) == 1


def test_another_seed_gives_other_identities(tale, capsys):
    assert plan_json(capsys, tale, "--seed", "7") != plan_json(capsys, tale, "--seed", "8")


def test_the_seed_asked_for_comes_before_the_scenarios(tale, capsys):
    assert json.loads(plan_json(capsys, tale))["seed"] == 11
    assert json.loads(plan_json(capsys, tale, "--seed", "0"))["seed"] == 0


def test_without_any_seed_one_is_drawn(tmp_path, capsys):
    (tmp_path / "x.yaml").write_text("cluster: {workers: 1}\n")
    seeds = {json.loads(plan_json(capsys, str(tmp_path / "x.yaml")))["seed"] for _ in range(5)}
    assert len(seeds) > 1


def test_a_field_can_be_changed(tale, capsys):
    plan = json.loads(plan_json(capsys, tale, "--set", "cluster.workers=6"))
    assert len(plan["workers"]) == 6


def test_people_read_what_happens_when_and_to_whom(tale, capsys):
    assert main(["plan", tale, "--seed", "7"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "tale   seed 7   4 workers, 1 client, 1 etcd"
    begins, _, fault, whom, *lasts = lines[-1].split()
    assert (begins, fault, lasts) == ("1", "pause", ["for", "2", "s"])
    assert whom in ("worker-1,", "worker-2,", "worker-3,", "worker-4,")


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (
            "{when: {online: all, within: 20s}, after: 1s, for: 4s, kill: worker-1}",
            "worker-1 worker-2 worker-3 and 2 more are online within 20 s, after 1 s: kill worker-1, for 4 s",
        ),
        (
            "{when: {offline: 1}, kill: worker-1}",
            "at least 1 worker is offline within 30 s: kill worker-1",
        ),
        (
            "{when: {offline: [worker-2, worker-3]}, kill: worker-1}",
            "worker-2 worker-3 are offline within 30 s: kill worker-1",
        ),
    ],
)
def test_people_read_what_a_step_waits_for_as_the_scenario_says_it(tmp_path, capsys, step, line):
    (tmp_path / "x.yaml").write_text(f"cluster: {{workers: 5}}\nsteps:\n  - {step}\n")
    assert main(["plan", str(tmp_path / "x.yaml"), "--seed", "7"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"  when         {line}"


def test_a_wrong_scenario_is_told_by_line_and_column_and_254(tmp_path, capsys):
    (tmp_path / "x.yaml").write_text("steps:\n  - {at: 1s, puase: worker-1}\n")
    assert main(["plan", str(tmp_path / "x.yaml")]) == 254
    out, err = capsys.readouterr()
    assert out == ""
    assert "x.yaml:2:14: " in err
    assert "puase" in err


def test_a_wrong_override_names_its_option(tale, capsys):
    assert main(["plan", tale, "--set", "cluster.wrokers=6"]) == 254
    assert "--set cluster.wrokers" in capsys.readouterr().err


def test_people_read_which_commands_take_the_part_of_clients(tmp_path, capsys):
    (tmp_path / "x.yaml").write_text("system: {client: {command: [sh, -c, 'run {name}']}}")
    assert main(["plan", str(tmp_path / "x.yaml"), "--seed", "7"]) == 0
    assert "  client-1     sh -c 'run {name}'\n" in capsys.readouterr().out
