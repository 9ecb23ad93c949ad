"""
The one door to etcd: a client with a deadline on every call, transactions that tell their revision, and a watch that
survives compaction, restarts and the loss of members.

Nothing of grpc or etcd3 leaks. A call that etcd did not answer raises EtcdUnreachable (nobody knows whether it took
effect), a call that etcd refused raises EtcdError. Construct a client after a fork, never before: a channel owns
threads.
"""

from harness.etcd.client import Etcd
from harness.etcd.door import address
from harness.etcd.watch import OnEvents, OnReset, Watch
from harness.etcd.words import Changes, Event, KeyValue, Outcome, Standing, compare, delete, get, get_all, put

__all__ = [
    "Changes",
    "Etcd",
    "Event",
    "KeyValue",
    "OnEvents",
    "OnReset",
    "Outcome",
    "Standing",
    "Watch",
    "address",
    "compare",
    "delete",
    "get",
    "get_all",
    "put",
]
