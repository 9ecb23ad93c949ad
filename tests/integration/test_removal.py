"""A worker that is removed behind its back finds out by itself."""

from pathlib import Path

import pytest

from harness import load_scenario, make_plan, run
from harness.report.run_dir import RunDir

pytestmark = pytest.mark.cluster

STORY = """
cluster: {workers: 3, clients: 1}
workload: {keys: 20, lookups_per_s: 50, reads_per_s: 5}
steps:
  - {at: 500ms, for: 4500ms, %s}
  - {at: 4s, decommission: {worker: worker-2, stop: none}}
tail: 1s
"""


@pytest.mark.parametrize("fault", ["pause: worker-2", "isolate: worker-2"])
def test_a_worker_that_is_removed_while_it_is_away_leaves_by_itself_and_says_so(fault, tmp_path):
    (tmp_path / "removed.yaml").write_text(STORY % fault)
    scenario = load_scenario(tmp_path / "removed.yaml")
    result = run(make_plan(scenario, seed=1), scenario, runs=tmp_path)
    assert result.outcome == "valid", result.to_json()
    ops = [op for op in RunDir.open(Path(result.run_dir)).ops() if op.actor == "worker-2"]
    assert [op.value["status"] for op in ops if op.f == "exit"] == [3]
    assert [op.value["asked"] for op in ops if op.f == "exit"] == [False]
    assert "removed" in [op.f for op in ops]
    log = (Path(result.run_dir) / "logs" / "worker-2.log").read_text()
    assert "was removed: its registered key is gone or another's" in log
