import pytest

from harness.core.guest import PLACEHOLDERS, filled, unknown_in


def test_placeholders_are_filled_wherever_they_stand_in_a_word():
    values = {"name": "client-1", "etcd_hosts": "etcd-1,etcd-2", "etcd_port": "2379"}
    command = ["run", "--me={name}", "{etcd_hosts}:{etcd_port}"]
    assert filled(command, values) == ["run", "--me=client-1", "etcd-1,etcd-2:2379"]


@pytest.mark.parametrize("word", ['{"json": {}}', "{}", "{NAME}", "{0}", "${HOME}", "{name", *PLACEHOLDERS])
def test_other_braces_and_words_are_nothing_special(word):
    assert unknown_in(word) is None
    assert filled([word], {}) == [word]


def test_a_placeholder_that_is_not_there_is_named():
    assert unknown_in("--x={name}{nmae}") == "nmae"
    with pytest.raises(KeyError):
        filled(["{nmae}"], {"name": "client-1"})
