from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, ClassVar

from harness.core.links import REST, Cuts, cuts_between, cuts_from
from harness.faults.fault import ANYWHERE, Cluster, Proof, Role, Targets
from harness.faults.proof import cut, mend

Group = Annotated[tuple[str, ...], "group"]
"""Names of nodes; `("rest",)` is every node that no other group names."""

Groups = tuple[Group, ...]


@dataclass(frozen=True)
class Partition:
    """Cut every link between groups, both ways; or, with `from` and `to`, only those from one group to the other."""

    name: ClassVar[str] = "partition"
    roles: ClassVar[frozenset[Role]] = ANYWHERE
    takes_for: ClassVar[bool] = True

    groups: Groups = ()
    from_: Group = ()
    to: Group = ()

    def targets_in(self, names: Collection[str]) -> Targets:
        """The nodes it names: those in `rest` are not held."""
        return tuple(name for group in self._all if group != REST for name in group)

    def cuts(self, names: Collection[str]) -> Cuts:
        return cuts_between(self.groups, names) if self.groups else cuts_from(self.from_, self.to, names)

    def inject(self, cluster: Cluster) -> Proof:
        """Proven once no datagram passes on these links; where one direction is cut, those the other way still pass."""
        return cut(cluster, self.cuts(cluster.names))

    def heal(self, cluster: Cluster) -> Proof:
        """Proven once a datagram passes on each of them."""
        return mend(cluster, self.cuts(cluster.names))

    @property
    def _all(self) -> Groups:
        return self.groups or (self.from_, self.to)
