"""Every invariant is seen failing on real processes, and not one flags the same story with clean nodes."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness import load_scenario, make_plan, run
from harness.checks.catalogue import INVARIANTS, is_own
from harness.core.plan import Expect

pytestmark = pytest.mark.cluster

ZOO = sorted(Path(__file__).parent.glob("*.yaml"))


@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_a_broken_node_is_caught_by_its_invariant_and_by_no_other(path, tmp_path):
    scenario = load_scenario(path)
    result = run(make_plan(scenario, seed=1), scenario, runs=tmp_path)
    assert result.as_expected, result.to_json()
    assert list(result.left_behind) == []


@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_the_same_story_with_clean_nodes_is_valid(path, tmp_path):
    scenario = load_scenario(path)
    clean = replace(make_plan(scenario, seed=2), broken={}, expect=Expect())
    result = run(clean, scenario, runs=tmp_path)
    assert result.outcome == "valid", result.to_json()


def test_every_invariant_has_its_animal():
    caught = {name for path in ZOO for name in make_plan(load_scenario(path), seed=1).expect.violated}
    assert caught == {name for name in INVARIANTS if not is_own(name)}
