"""The zoo's table, held to the zoo."""

import ast

import pytest

from harness import load_scenario, make_plan
from harness.checks import INVARIANTS
from harness.checks.catalogue import is_own
from tests.meta.source import tree_of
from tests.zoo.table import ZOO, rows

PLANS = {path.stem: make_plan(load_scenario(path), seed=1) for path in sorted(ZOO.glob("*.yaml"))}


def test_every_scenario_of_the_zoo_has_a_row():
    assert list(rows()) == list(PLANS)


@pytest.mark.parametrize("story", PLANS)
def test_a_row_names_the_animals_of_its_scenario_and_who_catches_them(story):
    row, plan = rows()[story], PLANS[story]
    assert row.animals == {place.rpartition(":")[2] for place in plan.broken.values()}
    assert plan.expect.violated == (() if is_own(row.caught_by) else (row.caught_by,))
    assert plan.expect.outcome == ("unknown" if is_own(row.caught_by) else "violated")


def test_every_animal_has_a_story():
    bodies = (tree_of(path).body for path in sorted(ZOO.glob("animals*.py")))
    classes = {node.name for body in bodies for node in body if isinstance(node, ast.ClassDef)}
    assert {name for name in classes if name[0] != "_"} == {animal for row in rows().values() for animal in row.animals}


def test_every_invariant_is_caught_failing_but_the_one_that_no_node_can_break():
    assert {row.caught_by for row in rows().values()} == INVARIANTS.keys() - {"nothing-left-behind"}
