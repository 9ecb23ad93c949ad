import pytest

from harness.report.html.clock import COLUMNS_MAX, Clock, step_of

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("least", "step"), [(0, 0.01), (0.01, 0.01), (0.011, 0.02), (0.03, 0.05), (0.3, 0.5), (6.0, 10.0), (10.0, 10.0)]
)
def test_a_step_is_the_first_round_number_that_is_no_shorter(least, step):
    assert step_of(least) == step


@pytest.mark.parametrize("span_s", [0.01, 1.0, 13.4, 3600.0, 604_800.0])
def test_no_run_takes_more_columns_than_can_be_drawn(span_s):
    clock = Clock(0, span_s, 0)
    assert 1 <= clock.columns <= COLUMNS_MAX
    assert clock.columns * clock.step_s >= span_s


def test_what_lies_outside_is_drawn_at_the_edge():
    clock = Clock(10 * SECOND, 4.0, 10 * SECOND)
    assert (clock.column(0), clock.column(99 * SECOND)) == (0, clock.columns - 1)
    assert (clock.x_of(-5.0), clock.x_of(5.0)) == (0.0, clock.width)


def test_times_count_from_the_begin_of_the_run_phase():
    clock = Clock(10 * SECOND, 4.0, 12 * SECOND)
    assert clock.begin_s == -2.0
    assert clock.x_of(0.0) == clock.x(12 * SECOND) == clock.width / 2
