from harness.core.few import few


def test_the_first_few_are_told_and_how_many_more_there_are():
    assert few("abcde", 3) == "a, b, c and 2 more"
    assert few("abc", 3) == "a, b, c"
    assert few([], 3) == ""


def test_what_stands_between_them_is_up_to_who_tells():
    assert few(iter("abcd"), 2, "; ", "; ") == "a; b; 2 more"
