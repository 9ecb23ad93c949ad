from collections.abc import Collection
from dataclasses import dataclass
from itertools import permutations
from typing import Annotated, ClassVar

from harness.faults.fault import EVERYONE, Cluster, Cuts, Proof, Role, Targets
from harness.faults.proof import cut, mend

Group = Annotated[tuple[str, ...], "group"]
"""Names of nodes; `("rest",)` is every node that no other group names."""

Groups = tuple[Group, ...]

REST = ("rest",)


@dataclass(frozen=True)
class Partition:
    """Cut every link between groups, both ways; or, with `from` and `to`, only those from one group to the other."""

    name: ClassVar[str] = "partition"
    roles: ClassVar[frozenset[Role]] = EVERYONE
    takes_for: ClassVar[bool] = True

    groups: Groups = ()
    from_: Group = ()
    to: Group = ()

    def targets_in(self, names: Collection[str]) -> Targets:
        """The nodes it names: those in `rest` are not held."""
        return tuple(name for group in self._all if group != REST for name in group)

    def cuts(self, names: Collection[str]) -> Cuts:
        named = self.targets_in(names)
        rest = tuple(name for name in names if name not in named)
        groups = [rest if group == REST else group for group in self._all]
        return tuple(permutations(groups, 2)) if self.groups else ((groups[0], groups[1]),)

    def inject(self, cluster: Cluster) -> Proof:
        """Proven once no datagram passes on these links; where one direction is cut, those the other way still pass."""
        return cut(cluster, self.cuts(cluster.names))

    def heal(self, cluster: Cluster) -> Proof:
        """Proven once a datagram passes on each of them."""
        return mend(cluster, self.cuts(cluster.names))

    @property
    def _all(self) -> Groups:
        return self.groups or (self.from_, self.to)
