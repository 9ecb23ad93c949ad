from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from harness.core.links import Cuts, cuts_around
from harness.faults.fault import ANYWHERE, Cluster, Proof, Role, Targets
from harness.faults.proof import cut, mend


@dataclass(frozen=True)
class Isolate:
    """Cut every link to and from each of some nodes, etcd's, the clients' and those between two of them included."""

    name: ClassVar[str] = "isolate"
    roles: ClassVar[frozenset[Role]] = ANYWHERE
    takes_for: ClassVar[bool] = True

    targets: Targets

    def targets_in(self, names: Collection[str]) -> Targets:
        return self.targets

    def cuts(self, names: Collection[str]) -> Cuts:
        return cuts_around(self.targets, names)

    def inject(self, cluster: Cluster) -> Proof:
        """Proven once no datagram passes on these links."""
        return cut(cluster, self.cuts(cluster.names))

    def heal(self, cluster: Cluster) -> Proof:
        """Proven once a datagram passes on each of them."""
        return mend(cluster, self.cuts(cluster.names))
