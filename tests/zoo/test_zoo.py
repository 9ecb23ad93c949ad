"""Every invariant is seen failing on real processes, and not one flags the same story with clean nodes."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness import load_scenario, make_plan, run
from harness.core.plan import Expect
from harness.core.shapes import wrong_with
from harness.report.run_dir import RunDir
from tests.zoo.table import ZOO, rows

pytestmark = pytest.mark.cluster

STORIES = rows()


@pytest.mark.parametrize("story", STORIES)
def test_a_broken_node_is_caught_by_its_invariant_and_by_no_other(story, tmp_path):
    scenario = load_scenario(ZOO / f"{story}.yaml")
    result = run(make_plan(scenario, seed=1), scenario, runs=tmp_path)
    assert result.as_expected, result.to_json()
    assert STORIES[story].caught_by in {one.name for one in result.invariants if one.outcome == result.outcome}
    assert list(result.left_behind) == []


@pytest.mark.parametrize("story", STORIES)
def test_the_same_story_with_clean_nodes_is_valid(story, tmp_path):
    scenario = load_scenario(ZOO / f"{story}.yaml")
    clean = replace(make_plan(scenario, seed=2), broken={}, expect=Expect())
    result = run(clean, scenario, runs=tmp_path)
    assert result.outcome == "valid", result.to_json()
    ops = RunDir.open(Path(result.run_dir)).ops()
    assert [told for told in ((op, wrong_with(op)) for op in ops) if told[1]] == []
