"""Who was taken out of the cluster, when, and which processes ran as it then."""

from dataclasses import dataclass

from harness.checks.fold import Fold
from harness.checks.leases import Lease
from harness.checks.log import EtcdLog
from harness.checks.nodes import Nodes, Process
from harness.core.history import Op
from harness.core.plan import Plan


@dataclass(eq=False)
class Removal:
    """
    `op` is etcd's delete of the registered key; `outcasts` are the processes that ran as the identity at that moment.
    """

    id: str
    op: Op
    outcasts: tuple[Process, ...]

    @property
    def revision(self) -> int:
        return int(self.op.value["revision"])

    def outcast(self, lease: Lease) -> Process | None:
        """The process, of those that were there, to which etcd granted the lease."""
        mine = (process for process in self.outcasts if process.name == lease.name)
        return next((one for one in mine if one.exit is None or lease.granted_ns <= one.exit.time_ns), None)


class Removals(Fold):
    """
    To be shown an op after `Nodes` was. Of the keys under the registered prefix only those of identities count that a
    node has: what else comes and goes there is nobody's registration.
    """

    def __init__(self, plan: Plan, log: EtcdLog, nodes: Nodes) -> None:
        self._identities, self._log, self._nodes = plan.identities, log, nodes
        self.all: list[Removal] = []
        self.in_force: dict[str, Removal] = {}
        """By identity, until the harness starts a worker with that identity again."""

    def on_delete(self, op: Op) -> None:
        id = op.value["key"].removeprefix(self._log.registered)
        whose = [node for node in self._nodes.of.values() if node.id == id]
        if whose or id in self._identities.values():
            removal = Removal(id, op, tuple(node.process for node in whose if node.process and node.runs))
            self.all.append(removal)
            self.in_force[id] = removal

    def on_start(self, op: Op) -> None:
        for id in {self._identities.get(op.actor), self._nodes.node(op.actor).id} & self.in_force.keys():
            del self.in_force[id or ""]

    def is_outcast(self, process: Process | None) -> bool:
        """Whether it ran as an identity when that was removed."""
        return any(process is outcast for removal in self.all for outcast in removal.outcasts)
