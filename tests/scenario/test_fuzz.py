"""Whatever stands in a file, it is a scenario or its errors are told: nothing else ever comes out."""

import json
import random
from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from harness.errors import ScenarioError
from harness.scenario.parse import parse
from harness.scenario.plan import make_plan
from tests.scenario.reading import CONF, INVARIANTS
from tests.scenario.test_parse import WHOLE

WORDS = st.sampled_from(
    ["any", "leader", "rest", "all", "worker-1", "etcd-1", "3s", "valid", "pause", "at", "<<", "<x>", ""]
)
LEAVES = WORDS | st.none() | st.booleans() | st.integers(-2, 9) | st.floats() | st.text(max_size=3)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=6
)


def told(text, overrides=()):
    try:
        make_plan(parse(text, "x.yaml", find_conf=CONF.get, invariants=INVARIANTS, overrides=overrides), 7)
    except ScenarioError as error:
        return str(error).splitlines()
    return []


def places(data):
    """Every container with a key or index in it."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield data, key
        yield from places(value)


@settings(deadline=None, max_examples=100)
@given(value=VALUES, seed=st.integers(0, 10_000))
def test_a_scenario_with_anything_anywhere_is_read_or_refused(value, seed):
    data = deepcopy(YAML(typ="safe", pure=True).load(WHOLE))
    holder, key = random.Random(seed).choice(list(places(data)))
    holder[key] = value
    for line in told(json.dumps(data, ensure_ascii=False)):
        assert line.startswith("x.yaml:1:")


@settings(deadline=None, max_examples=100)
@given(text=st.text(max_size=30) | st.text("{}[]:,-&*!|>'\"#% \n\tabc123", max_size=30))
def test_any_text_at_all_is_refused_with_a_position(text):
    for line in told(text):
        assert line.startswith("x.yaml:")
