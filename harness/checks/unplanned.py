"""The harness' own invariant of what no step of the plan had asked for."""

from harness.checks.evidence import Own
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted
from harness.core.history import Op
from harness.core.plan import Plan


class NothingUnplanned(Own):
    """A step that touches etcd touches every worker, for each needs etcd to keep its lease."""

    name = "nothing-unplanned"
    id = "H9"
    says = "no worker was fenced, lost its lease or was removed that no step of the plan had touched before"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._workers = frozenset((*plan.workers, *plan.joiners))
        self._touched: set[str] = set()
        self._asked: set[str] = set()
        self._keys = {f"{truth.log.registered}{plan.identities[name]}": name for name in self._workers}
        self._losses = 0

    def on_fault(self, op: Op) -> None:
        touched = {*op.value.get("targets", ())}
        touched.update(name for pair in op.value.get("cuts", ()) for names in pair for name in names)
        self._touched |= self._workers if touched & {*self.plan.etcd.members} else touched

    def on_fence(self, op: Op) -> None:
        self._lost("could not renew its lease for as long as it lasts", op)

    def on_remove_worker(self, op: Op) -> None:
        self._asked.add(op.value["id"])

    def on_delete(self, op: Op) -> None:
        name = self._keys.get(op.value["key"])
        if name and self.plan.identities[name] not in self._asked:
            self._wrong.append(f"{name} was removed at {self.truth.at(op.time_ns)}, which no step asked for")

    def on_lease_lost(self, op: Op) -> None:
        self._lost("lost its lease", op)

    def on_removed(self, op: Op) -> None:
        self._lost("was removed", op)

    def _lost(self, what: str, op: Op) -> None:
        self._losses += 1
        if op.actor in self._workers - self._touched:
            reason = f" ({op.value['reason']})" if "reason" in op.value else ""
            self._wrong.append(f"{op.actor} {what} at {self.truth.at(op.time_ns)}{reason}, and no step had touched it")

    def verdict(self) -> Verdict:
        return self.answer(
            f"{counted(self._losses, 'lease')} not renewed, lost or given up",
            self.wrong or ("" if self.truth.nodes.answers else "no node was ever heard"),
        )
