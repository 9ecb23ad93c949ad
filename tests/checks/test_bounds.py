from dataclasses import replace

import pytest

from harness.checks.bounds import Bounds
from harness.checks.fold import feed
from tests.checks.telling import PLAN, flat, ns, reached


def measured(*ops, plan=PLAN):
    bounds = Bounds(plan)
    feed(flat(ops), [bounds])
    return bounds


def test_quick_reads_give_the_least_bounds():
    bounds = measured(reached(0, 10))
    assert (bounds.watch_s, bounds.read_s) == (0.05, 0.1)
    assert bounds.leaves_s(2) == pytest.approx(2 + 1 + 0.5 + 0.1 + 0.05)
    assert bounds.stop_s == pytest.approx(1.05)


def test_slow_reads_stretch_them_threefold():
    assert measured(reached(0, 10, took=0.2)).watch_s == pytest.approx(0.6, rel=0.1)


def test_one_slow_read_in_ten_thousand_is_no_reason():
    assert measured(reached(0, 1000), reached(1001, 1001, took=0.4)).watch_s == 0.05


def test_the_time_scale_multiplies_bounds():
    bounds = measured(plan=replace(PLAN, time_scale=3.0))
    assert bounds.leaves_s(2) == pytest.approx(3 * 3.65)
    assert bounds.settle_s == 90


@pytest.mark.parametrize(("cut_s", "allowed_s"), [(0.1, 2), (8, 8), (100, 30)])
def test_back_off_after_a_cut_is_as_long_as_the_cut_within_limits(cut_s, allowed_s):
    assert measured().after_cut_s(cut_s) == allowed_s


def test_an_outage_lasts_from_the_first_read_that_failed_to_the_first_that_did_not():
    bounds = measured(reached(0, 1), reached(1.1, 2, kind="fail"))
    assert bounds.outage_since_ns == ns(1.1)
    bounds = measured(reached(0, 1), reached(1.1, 2, kind="fail"), reached(2.1, 3))
    assert (bounds.outage_since_ns, bounds.outage_end_ns) == (None, ns(2.102))


def test_a_read_that_took_long_is_an_outage_too():
    assert measured(reached(0, 1), reached(1.1, 1.1, took=0.8)).outage_s == pytest.approx(0.8)


def test_time_in_which_the_observer_did_not_run_is_counted_once_it_is_over_and_before():
    bounds = measured(reached(0, 1), reached(3, 4))
    assert bounds.stalled_s(ns(0), ns(4)) == pytest.approx(1.998)
    assert bounds.stalled_s(ns(2), ns(4)) == pytest.approx(1)
    assert bounds.stalled_s(ns(3.5), ns(4)) == 0
    assert bounds.stalled_s(ns(4), ns(6)) == pytest.approx(1.998)
