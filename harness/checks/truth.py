"""What all invariants share: the facts of a run, folded once, shown each op before any invariant is."""

from collections.abc import Iterator

from harness.checks.bounds import SECOND, Bounds
from harness.checks.contents import Contents
from harness.checks.etcd_health import EtcdHealth
from harness.checks.files import Files
from harness.checks.fold import Fold
from harness.checks.leases import Leases
from harness.checks.log import EtcdLog
from harness.checks.nodes import Nodes
from harness.checks.owners import Owners
from harness.checks.removals import Removals
from harness.checks.routes import Routes
from harness.core.history import Op
from harness.core.plan import Plan
from harness.core.properties import Properties


class Phases(Fold):
    def __init__(self) -> None:
        self.zero_ns = 0
        self.healed: Op | None = None
        self.settled: Op | None = None
        self.is_stopping = False

    def on_run(self, op: Op) -> None:
        self.zero_ns = op.time_ns

    def on_phase(self, op: Op) -> None:
        phase = op.value["phase"]
        if phase == "run" and op.type == "invoke":
            self.zero_ns = op.time_ns
        elif phase == "heal" and op.type != "invoke":
            self.healed = op
        elif phase == "settle" and op.type != "invoke":
            self.settled = op
        elif phase == "stop":
            self.is_stopping = True


class Truth:
    def __init__(self, plan: Plan) -> None:
        properties = Properties(plan.properties)
        self.phases = Phases()
        self.bounds = Bounds(plan)
        self.log = EtcdLog(properties.text("alluxio.cluster.name"))
        self.leases = Leases()
        self.contents = Contents(properties.bool("alluxio.user.dynamic.consistent.hash.ring.enabled"))
        self.etcd = EtcdHealth(plan, self.bounds)
        self.nodes = Nodes(plan, self.bounds, self.contents, self.etcd)
        self.routes = Routes(self.contents, plan.guests)
        self.files = Files(plan)
        self.owners = Owners(plan)
        self.removals = Removals(plan, self.log, self.nodes)
        self._names = {id: name for name, id in plan.identities.items()}

    def folds(self) -> Iterator[Fold]:
        """In the order in which they must see an op: each may look at those before it."""
        yield from (self.phases, self.bounds, self.log, self.leases, self.etcd, self.nodes, self.removals, self.routes)

    def who(self, id: str | None) -> str:
        """The node that an identity was given to, or the identity as it is."""
        return self._names.get(id, id) if id else "nobody"

    def at(self, time_ns: int) -> str:
        """A moment as people read it: seconds since the run phase began."""
        return f"{(time_ns - self.phases.zero_ns) / SECOND:z.2f} s"
