"""
How often the system under test and its observer do what they repeat, and how long they wait: said once, for bounds are
derived from it.
"""

from harness.core.properties import Properties

REACH_EVERY_S, SAMPLE_EVERY_S = 0.1, 0.1
"""The observer reads from etcd, and asks each node, so often; where there are many nodes it asks less often."""
RENEWALS_A_TTL = 3
"""A keepalive is sent so often in the time of a lease."""
LAST_RETRY_S = 1.0
"""The longest pause of a worker before it calls etcd again, which did not answer."""
LEAVE_S = 1.0
"""A worker that was told to stop gives its lease back in this time, or leaves it to run out."""
_CALL_MIN_S, _CALL_MAX_S = 1.0, 5.0
_BACKOFF_MIN_S, _BACKOFF_MAX_S = 2.0, 30.0


def asked_ttl_s(properties: Properties) -> int:
    """The lease TTL that workers ask for: whole seconds, 1 at least. etcd may grant more."""
    return max(1, int(properties.duration_s("alluxio.worker.failure.detection.timeout")))


def etcd_call_s(properties: Properties) -> float:
    """
    The deadline of one call to one member; then the next member is asked.

    Half a TTL, so that a call that is lost leaves time for another before the lease is; 1 to 5 s.
    """
    ttl_s = properties.duration_s("alluxio.worker.failure.detection.timeout")
    return max(_CALL_MIN_S, min(ttl_s / 2, _CALL_MAX_S))


def backoff_s(cut_s: float) -> float:
    """TCP's retransmissions, and a client's reconnecting, back off while cut: up to the cut's length, 2 to 30 s."""
    return min(max(cut_s, _BACKOFF_MIN_S), _BACKOFF_MAX_S)
