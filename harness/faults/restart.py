from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.core.links import Cuts
from harness.faults.fault import EVERYONE, Cluster, Proof, Role, Seconds, Targets
from harness.faults.proof import start_again, strike


@dataclass(frozen=True)
class Restart:
    """
    Stop a process, politely or not, leave it down for a while and start it again.

    One that ignores TERM is killed before it is started again.
    """

    name: ClassVar[str] = "restart"
    roles: ClassVar[frozenset[Role]] = EVERYONE
    takes_for: ClassVar[bool] = False

    targets: Targets
    signal: Literal["TERM", "KILL"] = "TERM"
    down_for: Seconds = 1.0

    def targets_in(self, names: Collection[str]) -> Targets:
        return self.targets

    def cuts(self, names: Collection[str]) -> Cuts:
        return ()

    def inject(self, cluster: Cluster) -> Proof:
        """Proven once each process has ended; one that ignores TERM for 10 s has felt nothing."""
        return strike(cluster, self.targets, self.signal, "gone", lambda node: not node.is_running())

    def heal(self, cluster: Cluster) -> Proof:
        """Proven once each is ready: a worker is online, a client has a view, etcd answers a linearizable read."""
        return start_again(cluster, self.targets)
