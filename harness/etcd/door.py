"""
Where etcd3 and grpc are imported, and nowhere else: a channel to one member, and what its errors mean.

A call that etcd did not answer raises EtcdUnreachable, a call that it refused raises EtcdError.
"""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.errors import EtcdError, EtcdUnreachable, InputError

# Before the first import: etcd3's code needs protobuf's Python back end; grpc's own resolver does not go by /etc/hosts.
os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")
os.environ.setdefault("GRPC_DNS_RESOLVER", "native")
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import etcd3
    import grpc
    from etcd3 import etcdrpc as rpc

__all__ = ["address", "connect", "keep_alive", "rpc", "translated"]

# Codes of grpc with which etcd says no; after any other nobody knows.
_REFUSALS = frozenset((3, 5, 6, 7, 8, 9, 11, 12, 16))

# A channel must find etcd again soon after an outage: grpc's own back-off grows to two minutes.
_CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
)


def connect(host: str, port: int) -> Any:
    """A client of one member; nothing is sent before its first call."""
    return etcd3.Etcd3Client(host=host, port=port, grpc_options=_CHANNEL_OPTIONS)


def keep_alive(channel: Any) -> Any:
    """
    LeaseKeepAlive as a call with one answer. It is a stream for etcd, which takes one question and its end as well;
    grpc gives each stream a thread, which costs a worker four times the call.
    """
    request, answer = rpc.LeaseKeepAliveRequest.SerializeToString, rpc.LeaseKeepAliveResponse.FromString
    return channel.unary_unary("/etcdserverpb.Lease/LeaseKeepAlive", request, answer)


_PORT, _PORT_MAX = re.compile("[1-9][0-9]{0,4}"), 65535


def address(endpoint: str) -> tuple[str, int]:
    """`http://host:port` or `host:port`. Raises InputError for anything else."""
    host, _, port = endpoint.strip().removeprefix("http://").rstrip("/").rpartition(":")
    if not host or "/" in host or not _PORT.fullmatch(port) or int(port) > _PORT_MAX:
        raise InputError(f"{endpoint!r} is no etcd endpoint; write http://host:port")
    return host, int(port)


@contextmanager
def translated() -> Iterator[None]:
    """Errors of grpc as the harness' own."""
    try:
        yield
    except grpc.RpcError as error:
        number, name = error.code().value
        if number in _REFUSALS:
            raise EtcdError(error.details()) from error
        raise EtcdUnreachable(f"{name}: {error.details()}") from error
    except (ValueError, StopIteration) as error:  # the channel was closed before the call, or while it ran
        raise EtcdUnreachable(str(error) or "the answer ended early") from error
