from harness.report.html.marks import bars, number, spans, steps, strokes


def test_a_bar_stands_on_its_base():
    assert bars({3: 5.0}, 10.0, 18, 18) == "M30 18v-9h10V18z"


def test_neighbours_of_one_height_are_one_bar():
    assert bars({1: 2.0, 2: 2.0, 4: 2.0}, 2.0, 18, 18) == "M10 18v-18h20V18zM40 18v-18h10V18z"


def test_what_is_there_at_all_is_a_pixel_high_and_what_is_not_is_not_drawn():
    assert bars({0: 1.0, 1: 0.0}, 10_000.0, 18, 18) == "M0 18v-1h10V18z"


def test_nothing_makes_no_marks():
    assert bars({}, 0.0, 18, 18) == spans([], 0, 1) == strokes([], 3) == steps({}, 10) == ""


def test_a_span_is_wide_enough_to_be_seen():
    assert spans([(4.0, 4.0)], 1, 9) == "M4 1H5V9H4z"


def test_a_line_is_broken_where_a_column_has_nothing():
    assert steps({0: 5.0, 1: 6.0, 3: 7.0}, 50) == "M0 5H50V6H100M150 7H200"


def test_numbers_are_short():
    assert [number(value) for value in (1.0, 0.26, 120.04)] == ["1", "0.3", "120"]
