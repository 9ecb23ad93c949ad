from harness.core.links import touching


def test_of_all_cut_links_those_to_or_from_the_names_are_found():
    cuts = [(["a", "b"], ["c", "d"]), (["d"], ["a"])]
    assert touching(["a"], cuts) == {("a", "c"), ("a", "d"), ("d", "a")}
    assert touching(["c", "d"], cuts) == {("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("d", "a")}
    assert touching(["e"], cuts) == touching([], cuts) == touching(["a"], []) == set()


def test_a_node_has_no_link_to_itself():
    assert touching(["a"], [(["a", "b"], ["a", "b"])]) == {("a", "b"), ("b", "a")}
