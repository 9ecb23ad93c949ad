import pytest

from harness.checks.verdict import Verdict, Violation, counted, worst


def test_a_violation_outweighs_what_is_missing():
    assert Verdict("x", "", violations=(Violation("wrong"),), missing="something").outcome == "violated"
    assert Verdict("x", "", missing="something").outcome == "unknown"
    assert Verdict("x", "").outcome == "valid"


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [((), "unknown"), (("valid",), "valid"), (("valid", "unknown"), "unknown"), (("unknown", "violated"), "violated")],
)
def test_the_worst_of_several_counts_and_none_at_all_is_unknown(outcomes, expected):
    assert worst(outcomes) == expected


def test_things_are_counted_as_people_do():
    counts = [counted(1, "departure"), counted(0, "departure"), counted(2, "identity"), counted(2, "alive key")]
    assert counts == ["1 departure", "0 departures", "2 identities", "2 alive keys"]
