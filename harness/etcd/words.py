"""What etcd holds, what its log tells, and what transactions are made of."""

from typing import Any, Literal, NamedTuple

from harness.etcd.door import rpc


class KeyValue(NamedTuple):
    """One key as etcd holds it; `revision` is that of its last change, `lease` 0 for none."""

    key: str
    value: bytes
    revision: int
    create_revision: int
    version: int
    lease: int

    @classmethod
    def of(cls, kv: Any) -> "KeyValue":
        key = kv.key.decode(errors="backslashreplace")
        return cls(key, kv.value, kv.mod_revision, kv.create_revision, kv.version, kv.lease)


class Event(NamedTuple):
    """One line of etcd's log: a put, or a delete (whose `kv` tells key and revision alone)."""

    kind: Literal["put", "delete"]
    kv: KeyValue

    @classmethod
    def of(cls, event: Any) -> "Event":
        return cls("delete" if event.type else "put", KeyValue.of(event.kv))


class Outcome(NamedTuple):
    """
    `responses` has one entry per request of the branch taken: what a `get` found, nothing for others; `totals` says how
    many keys there are where it looked.
    """

    succeeded: bool
    revision: int
    responses: tuple[tuple[KeyValue, ...], ...]
    totals: tuple[int, ...]


class Changes(NamedTuple):
    """Under one prefix: what was put since a revision, and how many keys there are: deletes show in that alone."""

    puts: tuple[KeyValue, ...]
    total: int


class Standing(NamedTuple):
    """One member by its own account: `member` and `leader` are etcd's numbers (0: no leader), version such as 3.5.1."""

    member: int
    leader: int
    term: int
    version: str


Target = Literal["version", "create_revision", "mod_revision", "value"]


def compare(key: str, target: Target, value: int | bytes) -> Any:
    """For a transaction: holds when `target` of the key equals `value` (0 where there is no such key)."""
    number = {"version": 0, "create_revision": 1, "mod_revision": 2, "value": 3}[target]
    return rpc.Compare(result=rpc.Compare.EQUAL, target=number, key=key.encode(), **{target: value})


def put(key: str, value: bytes, lease: int = 0) -> Any:
    return rpc.RequestOp(request_put=rpc.PutRequest(key=key.encode(), value=value, lease=lease))


def delete(key: str) -> Any:
    return rpc.RequestOp(request_delete_range=rpc.DeleteRangeRequest(key=key.encode()))


def get(key: str) -> Any:
    return rpc.RequestOp(request_range=rpc.RangeRequest(key=key.encode()))


def get_all(prefix: str, since: int = 0) -> Any:
    """Of the keys under a prefix those that were put after revision `since`; all are counted."""
    asked = rpc.RangeRequest(key=prefix.encode(), range_end=end_of(prefix), min_mod_revision=since + 1)
    return rpc.RequestOp(request_range=asked)


ALWAYS = rpc.Compare(result=rpc.Compare.GREATER, target=rpc.Compare.VERSION, key=b"/", version=-1)
NEVER = delete("/")
"""
A transaction that could write is agreed upon like a write. One that only reads is answered by a member alone, which
etcd before 3.5.5 does not survive when the client hangs up meanwhile (etcd-io/etcd issue 14110).
"""


def end_of(prefix: str) -> bytes:
    """Where the range of keys with a prefix ends (its last character is ASCII)."""
    raw = prefix.encode()
    return raw[:-1] + bytes((raw[-1] + 1,))
