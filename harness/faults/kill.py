from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from harness.core.links import Cuts
from harness.faults.fault import EVERYONE, Cluster, Proof, Role, Targets
from harness.faults.proof import start_again, strike


@dataclass(frozen=True)
class Kill:
    """End a process without a word (SIGKILL). Healing starts it again; without `for` nobody does, and it stays down."""

    name: ClassVar[str] = "kill"
    roles: ClassVar[frozenset[Role]] = EVERYONE
    takes_for: ClassVar[bool] = True

    targets: Targets

    def targets_in(self, names: Collection[str]) -> Targets:
        return self.targets

    def cuts(self, names: Collection[str]) -> Cuts:
        return ()

    def inject(self, cluster: Cluster) -> Proof:
        """Proven once each process has ended."""
        return strike(cluster, self.targets, "KILL", "gone", lambda node: not node.is_running())

    def heal(self, cluster: Cluster) -> Proof:
        """Proven once each is ready: a worker is online, a client has a view, etcd answers a linearizable read."""
        return start_again(cluster, self.targets)
