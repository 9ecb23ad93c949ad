import math
import random

import pytest

from harness.core.spread import Spread


def spread_of(durations_s):
    spread = Spread()
    for duration_s in durations_s:
        spread.add(int(duration_s * 1e9))
    return spread


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_quantile_is_never_too_small_and_at_most_a_bucket_too_large(share):
    dice = random.Random(7)
    durations_s = sorted(dice.lognormvariate(-5, 1.5) for _ in range(5000))
    exact_s = int(durations_s[math.ceil(share * len(durations_s)) - 1] * 1e9) / 1e9
    assert exact_s <= spread_of(durations_s).quantile_s(share) <= exact_s * 1.045


def test_nothing_exceeds_the_largest_which_is_exact():
    spread = spread_of([0.010, 0.011])
    assert spread.largest_ns == 11_000_000
    assert spread.quantile_s(1.0) <= 0.011


def test_of_nothing_there_is_no_quantile():
    assert spread_of([]).quantile_s(0.5) == 0.0


def test_memory_does_not_grow_with_the_durations():
    assert len(spread_of([0.001] * 10_000 + [0.5] * 10)._buckets) == 2
