import pytest

from harness.core.patience import asked_ttl_s, etcd_call_s
from harness.core.properties import Properties


def waiting(timeout):
    properties = Properties({"alluxio.worker.failure.detection.timeout": timeout})
    return asked_ttl_s(properties), etcd_call_s(properties)


@pytest.mark.parametrize(
    ("timeout", "ttl_s", "call_s"),
    [("100ms", 1, 1.0), ("2s", 2, 1.0), ("2900ms", 2, 1.45), ("6s", 6, 3.0), ("1min", 60, 5.0)],
)
def test_a_lease_is_asked_for_in_whole_seconds_and_a_call_may_take_half_of_it_within_bounds(timeout, ttl_s, call_s):
    assert waiting(timeout) == (ttl_s, call_s)
