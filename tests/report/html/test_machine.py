import pytest

from harness.report.html.clock import Clock
from harness.report.html.machine import usages

SECOND = 1_000_000_000


def sample(at_s, cpu_s, rss_bytes=50, node="worker-1"):
    return {"time_ns": at_s * SECOND, "node": node, "cpu_s": cpu_s, "rss_bytes": rss_bytes, "fds": 1, "threads": 1}


def usage_of(*rows):
    return usages(rows, Clock(0, 4.0, 0))


def test_cpu_is_a_share_of_a_core_between_two_samples():
    usage = usage_of(sample(1, 0.5), sample(3, 1.5))["worker-1"]
    assert (usage.cpu_s, usage.busiest) == (1.0, 0.5)
    assert len(usage.cpu) == 201


def test_a_process_that_began_anew_did_not_give_cpu_back():
    usage = usage_of(sample(1, 5.0), sample(2, 0.1), sample(3, 0.3))["worker-1"]
    assert usage.cpu_s == pytest.approx(0.2)


def test_the_memory_of_a_process_that_is_just_ending_is_not_told():
    assert usage_of(sample(1, 0.1, 70), sample(2, 0.1, 0))["worker-1"].largest_bytes == 70


@pytest.mark.parametrize(
    "row", [{}, {"node": "worker-1"}, [], {**sample(1, 0.1), "cpu_s": "much"}, {**sample(1, 1), "node": 4}]
)
def test_what_is_no_sample_is_left_out(row):
    assert usage_of(row) == {}
