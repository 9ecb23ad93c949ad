from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from harness.core.links import Cuts
from harness.faults.fault import Cluster, Newcomers, Proof, Role
from harness.faults.proof import start_again


@dataclass(frozen=True)
class Join:
    """Start workers that were not there before, for good; they are numbered on in the order of the file."""

    name: ClassVar[str] = "join"
    roles: ClassVar[frozenset[Role]] = frozenset(("worker",))
    takes_for: ClassVar[bool] = False

    targets: Newcomers

    def targets_in(self, names: Collection[str]) -> Newcomers:
        return self.targets

    def cuts(self, names: Collection[str]) -> Cuts:
        return ()

    def inject(self, cluster: Cluster) -> Proof:
        """Proven once all of them are online."""
        return start_again(cluster, self.targets)

    def heal(self, cluster: Cluster) -> Proof:
        """Nothing to prove: they stay."""
        return Proof("not-applicable", detail="who joined stays")
