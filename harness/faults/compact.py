from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, ClassVar

from harness.core.links import Cuts
from harness.faults.fault import Cluster, Proof, Role, Targets
from harness.faults.proof import prove

Revisions = Annotated[int, "revisions"]
COMPACTED_S = 10.0


@dataclass(frozen=True)
class Compact:
    """Have etcd forget its log but for the last few revisions: who follows it from further back must read anew."""

    name: ClassVar[str] = "compact"
    roles: ClassVar[frozenset[Role]] = frozenset(("etcd",))
    takes_for: ClassVar[bool] = False

    keep: Revisions = 0

    def targets_in(self, names: Collection[str]) -> Targets:
        return ()

    def cuts(self, names: Collection[str]) -> Cuts:
        return ()

    def inject(self, cluster: Cluster) -> Proof:
        """Proven once etcd refuses to read at an older revision; compacting anew, as the wait does, changes nothing."""
        return prove(cluster, "etcd's log compacted", lambda: cluster.compact(self.keep), COMPACTED_S)

    def heal(self, cluster: Cluster) -> Proof:
        """Nothing to prove: what is compacted away does not come back."""
        return Proof("not-applicable", detail="what is compacted away does not come back")
