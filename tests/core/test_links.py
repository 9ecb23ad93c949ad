from harness.core.links import links_of, touching


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
