import pytest

from harness.errors import ScenarioError
from harness.scenario.tree import Tree

TOO_MANY = "there are 20000 keys and values before this, aliases written out; that is too many"
NO_YAML = "]"


def refused(text):
    with pytest.raises(ScenarioError) as told:
        Tree.parse(text, "x.yaml")
    return str(told.value)


def test_as_many_keys_and_values_as_there_may_be_are_read():
    assert len(Tree.parse("- a\n" * 19_999, "x.yaml").data) == 19_999


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("- a\n" * 20_000, "20000:3"),
        ("".join(f"{number}: a\n" for number in range(10_000)), "10000:7"),
        ("a: &a [b]\nc:\n" + "- *a\n" * 20_000, "19997:3"),
    ],
    ids=["a list", "a map", "aliases"],
)
def test_one_more_is_told_with_its_place_and_what_follows_is_not_read(text, place):
    assert refused(text + NO_YAML) == f"x.yaml:{place}: {TOO_MANY}"


@pytest.mark.parametrize("opened", ["[", "{a: ", "- ", "? "])
def test_what_is_nested_without_end_is_told_where_it_is_too_deep(opened):
    column = 50 * len(opened) + 1 if opened != "{a: " else 50 * len(opened) - 2
    assert refused(opened * 100_000) == f"x.yaml:1:{column}: this is nested more than 50 levels deep"


def test_aliases_that_nest_too_deeply_are_told():
    deep = f"{'[' * 40}*a0{']' * 40}"
    lines = ["a0: &a0 b", *(f"a{n}: &a{n} {deep.replace('a0', f'a{n - 1}')}" for n in range(1, 40))]
    assert refused("\n".join(lines)) == "x.yaml:1:1: this is not YAML: it is nested too deeply"


def test_of_an_anchor_that_stands_twice_the_last_one_is_meant():
    assert Tree.parse("a: &x 1\nb: &x 2\nc: *x\n", "x.yaml").data == {"a": 1, "b": 2, "c": 2}
