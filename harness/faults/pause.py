from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from harness.core.links import Cuts
from harness.faults.fault import EVERYONE, Cluster, Proof, Role, Targets
from harness.faults.proof import GONE_S, prove, send, strike


@dataclass(frozen=True)
class Pause:
    """Freeze a process (SIGSTOP): its lease runs out while it still believes that it is a member."""

    name: ClassVar[str] = "pause"
    roles: ClassVar[frozenset[Role]] = EVERYONE
    takes_for: ClassVar[bool] = True

    targets: Targets

    def targets_in(self, names: Collection[str]) -> Targets:
        return self.targets

    def cuts(self, names: Collection[str]) -> Cuts:
        return ()

    def inject(self, cluster: Cluster) -> Proof:
        """Proven once the kernel says that each is stopped."""
        return strike(cluster, self.targets, "STOP", "paused", lambda node: node.is_paused())

    def heal(self, cluster: Cluster) -> Proof:
        """Proven once the kernel says that none is, by the harness' CONT and nobody else's."""
        nodes = [cluster.node(name) for name in self.targets]
        is_woken = any(node.is_running() and not node.is_paused() for node in nodes)
        send(cluster, self.targets, "CONT")
        if is_woken:
            return Proof("absent", detail="somebody else had woken it before")
        what = f"{', '.join(self.targets)} no longer paused"
        return prove(cluster, what, lambda: not any(node.is_paused() for node in nodes), GONE_S)
