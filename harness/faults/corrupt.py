import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, get_args
from uuid import NAMESPACE_URL, uuid5

from harness.core.entity import NetAddress, WorkerEntity, encode
from harness.core.identity import WorkerId
from harness.core.links import Cuts
from harness.core.membership import text_of
from harness.faults.fault import Cluster, Proof, Role, Targets
from harness.faults.proof import prove

BadValue = Literal["empty", "null", "foreign", "truncated", "binary"]
EVERY_VALUE: tuple[BadValue, ...] = get_args(BadValue)
BadValues = Annotated[tuple[BadValue, ...], "bad values"]
STANDS_S = 10.0


@dataclass(frozen=True)
class Corrupt:
    """
    Put values that are no records of workers among etcd's keys, under names of workers that nobody is, and others.

    Each value stands under four keys: registered and alive, of an identity that nobody has and of none. `foreign` is
    another program's JSON, `truncated` half a record, `binary` no text; `corrupt: {}` puts all of them.
    """

    name: ClassVar[str] = "corrupt"
    roles: ClassVar[frozenset[Role]] = frozenset(("etcd",))
    takes_for: ClassVar[bool] = True

    values: BadValues = EVERY_VALUE

    def targets_in(self, names: Collection[str]) -> Targets:
        return ()

    def cuts(self, names: Collection[str]) -> Cuts:
        return ()

    def inject(self, cluster: Cluster) -> Proof:
        """Proven once etcd's log has the keys."""
        texts = self._texts(cluster)
        cluster.write(texts)
        return prove(cluster, f"{len(texts)} bad values in etcd", lambda: cluster.keys() >= texts.keys(), STANDS_S)

    def heal(self, cluster: Cluster) -> Proof:
        """Proven once they are deleted."""
        texts = self._texts(cluster)
        cluster.erase(texts)
        gone = f"{len(texts)} bad values gone from etcd"
        return prove(cluster, gone, lambda: not cluster.keys() & texts.keys(), STANDS_S)

    def _texts(self, cluster: Cluster) -> dict[str, str]:
        return {
            f"{prefix}{name}": text_of(value_of(value))
            for value in self.values
            for prefix in cluster.prefixes
            for name in (str(nobody(value)), f"not-a-worker-{value}")
        }


def nobody(value: BadValue) -> WorkerId:
    """An identity that no worker of any plan has."""
    return WorkerId.of_uuid(uuid5(NAMESPACE_URL, f"harness:nobody:{value}"))


def value_of(value: BadValue) -> bytes:
    """The bytes that go by that name; `foreign` is right JSON of somebody else's, `truncated` a record's first half."""
    match value:
        case "empty":
            return b""
        case "null":
            return b"null"
        case "foreign":
            return json.dumps({"name": "cache-7", "address": "10.0.0.7:11211"}).encode()
        case "truncated":
            whole = encode(WorkerEntity(nobody(value), NetAddress(host="nowhere", http_server_port=28080)))
            return whole[: len(whole) // 2]
        case "binary":
            return bytes(range(0x80, 0x100)) + b"\x00"
