from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.core.links import Cuts
from harness.faults.fault import Cluster, Proof, Role, Targets
from harness.faults.proof import prove, strike, total

OFFLINE_S = 120.0
UNSEEN_S = 10.0


@dataclass(frozen=True)
class Decommission:
    """
    Take workers out of the cluster for good: stop them, wait until they are offline, remove them.

    They are removed as `dora process remove-worker` does. With `stop: none` a worker is removed that something else
    keeps offline, and that may run still. Then it waits until nobody shows them any more; a node that goes on is told
    of, and left to the invariants.
    """

    name: ClassVar[str] = "decommission"
    roles: ClassVar[frozenset[Role]] = frozenset(("worker",))
    takes_for: ClassVar[bool] = False

    targets: Targets
    stop: Literal["TERM", "KILL", "none"] = "TERM"

    def targets_in(self, names: Collection[str]) -> Targets:
        return self.targets

    def cuts(self, names: Collection[str]) -> Cuts:
        return ()

    def inject(self, cluster: Cluster) -> Proof:
        """Proven once etcd's log has the delete of their registered keys."""
        who, proofs = ", ".join(self.targets), list[Proof]()
        if self.stop != "none":
            proofs.append(strike(cluster, self.targets, self.stop, "gone", lambda node: not node.is_running()))
            if proofs[-1].outcome != "proven":
                return proofs[-1]
        proofs.append(prove(cluster, f"{who} offline", lambda: self._are_offline(cluster), OFFLINE_S))
        if proofs[-1].outcome != "proven":
            return total(proofs)
        for name in self.targets:
            cluster.remove(name)
        unseen = prove(cluster, f"{who} in no view", lambda: not self._shown_by(cluster), UNSEEN_S)
        still = ", ".join(self._shown_by(cluster)) if unseen.outcome != "proven" else ""
        return total(proofs, f"{still} shows what was removed" if still else "")

    def heal(self, cluster: Cluster) -> Proof:
        """Nothing to prove: it is final."""
        return Proof("not-applicable", detail="there is nothing to undo")

    def _are_offline(self, cluster: Cluster) -> bool:
        states = cluster.states()
        return all(states.get(name) == "offline" for name in self.targets)

    def _shown_by(self, cluster: Cluster) -> tuple[str, ...]:
        """Who of the others has one of them in its view and is not frozen."""
        nodes = {node for name in self.targets for node in cluster.showing(name)}
        return tuple(node for node in sorted(nodes - {*self.targets}) if not cluster.node(node).is_paused())
