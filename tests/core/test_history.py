from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.history import History, Op, OutOfPlaceError, in_time_order

TEXT = st.text(st.characters(), max_size=5)
VALUES = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | TEXT | st.lists(TEXT), max_size=3)
OPS = st.builds(Op, st.integers(0, 1 << 62), TEXT, st.sampled_from(["invoke", "ok"]), TEXT, VALUES, st.none() | TEXT)


def at(*times_ns):
    """Ops at these times; `id` tells those of one time apart."""
    return [Op(time_ns, "a", "ok", "f", id=number) for number, time_ns in enumerate(times_ns, 1)]


@settings(deadline=None)
@given(OPS)
def test_an_op_is_read_back_from_its_line_whatever_text_it_holds(op):
    assert Op.parse(op.line()) == op


def test_a_lone_surrogate_survives():
    op = Op(1, "client-1", "ok", "lookup", {"key": "file:///\ud800"}, "error \udcff")
    assert op.line().isascii()
    assert Op.parse(op.line()) == Op.parse(op.line().encode()) == op


def test_a_line_has_no_id_and_no_error_where_there_is_none():
    assert Op(1, "a", "ok", "f").line() == '{"time_ns":1,"actor":"a","type":"ok","f":"f","value":{}}'


@pytest.mark.parametrize(
    "line",
    [
        "3",
        '{"time_ns":1,"actor":"a","type":"ok"}',
        '{"time_ns":1.5,"actor":"a","type":"ok","f":"b"}',
        '{"time_ns":1,"actor":"a","type":"ok","f":"b","value":[]}',
        '{"time_ns":1,"actor":"a","type":"ok","f":"b","more":1}',
        '{"time_ns":1,"actor":"a","type":"ok","f":"\\ud800","more":1}',
    ],
)
def test_what_is_no_op_is_told(line):
    with pytest.raises(ValueError, match=r"^not an op: "):
        Op.parse(line)


def test_a_history_is_in_time_order_and_equal_times_stay_as_they_came():
    assert [op.id for op in History.of(at(3, 1, 3, 1))] == [2, 4, 1, 3]


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), max_size=30), st.integers(1, 10))
def test_reading_ahead_gives_a_history_or_says_that_it_can_not(times_ns, places):
    ops, given_in_order = at(*times_ns), []
    try:
        given_in_order.extend(in_time_order(ops, places))
    except OutOfPlaceError:
        late = [
            op for i, op in enumerate(ops) if any(other.time_ns > op.time_ns for other in ops[: max(0, i - places)])
        ]
        assert late
        assert all(one.time_ns <= other.time_ns for one, other in pairwise(given_in_order))
    else:
        assert tuple(given_in_order) == History.of(ops)


def test_an_op_as_many_places_late_as_are_looked_ahead_is_in_its_turn():
    ops = at(*range(1, 100), 90)
    assert [op.time_ns for op in in_time_order(ops, 10)][-12:] == [89, 90, 90, *range(91, 100)]


def test_an_op_that_is_later_than_that_is_not_slipped_in():
    with pytest.raises(OutOfPlaceError):
        list(in_time_order(at(*range(1, 100), 1), 10))
