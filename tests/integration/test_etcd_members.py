"""Whole runs whose etcd does not come back."""

import shlex

import pytest

from harness import load_scenario, make_plan, run
from tests.conftest import etcd_binary

pytestmark = pytest.mark.cluster

SPOILS = """#!/bin/sh
[ ! -e data ] || for file in data/member/wal/*.wal; do echo spoilt > "$file"; done
exec {etcd} "$@"
"""


def result_of(text, folder):
    path = folder / "story.yaml"
    path.write_text(text)
    scenario = load_scenario(path)
    return run(make_plan(scenario, seed=1), scenario, runs=folder / "runs")


def test_a_quorum_that_is_lost_for_good_is_unknown_and_keeps_nobody_waiting(tmp_path):
    result = result_of(
        "cluster: {etcd: {members: 3}, workers: 2, clients: 1}\n"
        "steps: [{at: 1s, kill: [etcd-1, etcd-3]}]\ntail: 1s\nsettle: 3s\n",
        tmp_path,
    )
    assert result.outcome == "unknown"
    assert {one.name for one in result.invariants if one.outcome == "violated"} == set()
    assert list(result.left_behind) == []


def test_a_member_that_can_not_read_its_data_ends_the_run_with_what_it_said(tmp_path):
    etcd = tmp_path / "etcd"
    etcd.write_text(SPOILS.format(etcd=shlex.quote(str(etcd_binary()))))
    etcd.chmod(0o755)
    result = result_of(
        f"cluster: {{etcd: {{binary: {etcd}}}, workers: 2, clients: 1}}\n"
        "steps: [{at: 1s, restart: {etcd: etcd-1, signal: KILL, down_for: 500ms}}]\nsettle: 3s\n",
        tmp_path,
    )
    said = next(one.missing for one in result.invariants if one.name == "enough-evidence")
    assert result.outcome == "unknown"
    assert "etcd-1" in said
    assert "etcd-1.log" in said
