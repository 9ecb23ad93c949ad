from harness.core.links import cuts_around, cuts_between, cuts_from, links_of, touching

NAMES = ("a", "b", "c", "d")


def test_of_all_cut_links_those_to_or_from_the_names_are_found():
    cuts = [(["a", "b"], ["c", "d"]), (["d"], ["a"])]
    assert touching(["a"], cuts) == {("a", "c"), ("a", "d"), ("d", "a")}
    assert touching(["c", "d"], cuts) == {("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("d", "a")}
    assert touching(["e"], cuts) == touching([], cuts) == touching(["a"], []) == set()


def test_a_node_has_no_link_to_itself():
    assert touching(["a"], [(["a", "b"], ["a", "b"])]) == {("a", "b"), ("b", "a")}


def test_a_cut_in_short_form_is_every_link_from_its_left_to_its_right():
    assert links_of([(["a", "b"], ["c"]), (["c"], ["a", "c"])]) == {("a", "c"), ("b", "c"), ("c", "a")}
    assert links_of([]) == set()


def test_groups_lose_each_other_both_ways_and_the_rest_is_whom_nobody_names():
    assert cuts_between([["a"], ["rest"]], NAMES) == ((("a",), ("b", "c", "d")), (("b", "c", "d"), ("a",)))
    assert links_of(cuts_between([["a"], ["b"], ["c"]], NAMES)) == {(x, y) for x in "abc" for y in "abc" if x != y}


def test_one_way_is_cut_from_the_first_group_to_the_second_only():
    assert cuts_from(["a", "b"], ["rest"], NAMES) == ((("a", "b"), ("c", "d")),)
    assert cuts_from(["rest"], ["a"], NAMES) == ((("b", "c", "d"), ("a",)),)


def test_whoever_is_isolated_loses_everybody_and_each_link_stands_in_one_pair():
    assert cuts_around(["a"], NAMES) == ((("a",), ("b", "c", "d")), (("b", "c", "d"), ("a",)))
    pairs = cuts_around(["a", "b"], NAMES)
    assert links_of(pairs) == {(x, y) for x in NAMES for y in NAMES if x != y and {x, y} & {"a", "b"}}
    assert sum(len(links_of([pair])) for pair in pairs) == len(links_of(pairs))
    assert links_of(cuts_around(NAMES, NAMES)) == {(x, y) for x in NAMES for y in NAMES if x != y}
