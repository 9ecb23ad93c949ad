from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.core.links import Cuts
from harness.faults.fault import Cluster, Everyone, Proof, Role, Seconds
from harness.faults.proof import start_again, strike, total


@dataclass(frozen=True)
class RollingRestart:
    """
    Restart every worker in turn, the next one once the last is online again.

    Where one does not come back, the others are left alone. Once begun it goes on to its end.
    """

    name: ClassVar[str] = "rolling-restart"
    roles: ClassVar[frozenset[Role]] = frozenset(("worker",))
    takes_for: ClassVar[bool] = False

    targets: Everyone
    signal: Literal["TERM", "KILL"] = "TERM"
    down_for: Seconds = 1.0
    between: Seconds = 0.0

    def targets_in(self, names: Collection[str]) -> Everyone:
        return self.targets

    def cuts(self, names: Collection[str]) -> Cuts:
        return ()

    def inject(self, cluster: Cluster) -> Proof:
        """Proven once each process has ended, and was ready again."""
        proofs = list[Proof]()
        for name in self.targets:
            if proofs:
                cluster.wait(self.between)
            proofs.append(strike(cluster, (name,), self.signal, "gone", lambda node: not node.is_running()))
            if proofs[-1].outcome == "proven":
                cluster.wait(self.down_for)
                proofs.append(start_again(cluster, (name,)))
            if proofs[-1].outcome != "proven":
                break
        return total(proofs)

    def heal(self, cluster: Cluster) -> Proof:
        """Proven once all run: whoever was left down is started."""
        down = [name for name in self.targets if not cluster.node(name).is_running()]
        return start_again(cluster, down) if down else Proof("proven", detail="all run")
