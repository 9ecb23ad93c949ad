from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.fault import EVERYONE, Cluster, Cuts, Proof, Role, Targets
from harness.faults.proof import cut, mend


@dataclass(frozen=True)
class Isolate:
    """Cut every link to and from each of some nodes, etcd's, the clients' and those between two of them included."""

    name: ClassVar[str] = "isolate"
    roles: ClassVar[frozenset[Role]] = EVERYONE
    takes_for: ClassVar[bool] = True

    targets: Targets

    def targets_in(self, names: Collection[str]) -> Targets:
        return self.targets

    def cuts(self, names: Collection[str]) -> Cuts:
        """No link stands in two of the pairs, so none is counted twice."""
        others = tuple(name for name in names if name not in self.targets)
        outside = ((self.targets, others), (others, self.targets)) if others else ()
        between = tuple(((one,), tuple(n for n in self.targets if n != one)) for one in self.targets)
        return outside + (between if len(self.targets) > 1 else ())

    def inject(self, cluster: Cluster) -> Proof:
        """Proven once no datagram passes on these links."""
        return cut(cluster, self.cuts(cluster.names))

    def heal(self, cluster: Cluster) -> Proof:
        """Proven once a datagram passes on each of them."""
        return mend(cluster, self.cuts(cluster.names))
