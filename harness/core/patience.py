"""How long a node waits for etcd."""

from harness.core.properties import Properties

_CALL_MIN_S, _CALL_MAX_S = 1.0, 5.0


def etcd_call_s(properties: Properties) -> float:
    """
    The deadline of one call to one member; then the next member is asked.

    Half a TTL, so that a call that is lost leaves time for another before the lease is; 1 to 5 s.
    """
    ttl_s = properties.duration_s("alluxio.worker.failure.detection.timeout")
    return max(_CALL_MIN_S, min(ttl_s / 2, _CALL_MAX_S))
