"""Invariants of removal: it is final for the process, and for the identity until somebody starts that again."""

from harness.checks.invariant import Invariant
from harness.checks.nodes import Process
from harness.checks.planned import anyone_removed, anyone_removed_alive
from harness.checks.removals import Removal
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted
from harness.core.history import Op
from harness.core.plan import Plan


class RemovedProcessStaysOut(Invariant):
    """
    A put of the alive key is laid to the process that was granted its lease. One with a lease that nobody told of can
    only be the old process' as long as no other was started; so can a view that shows the identity online.
    """

    name = "removed-process-stays-out"
    id = "M3"
    says = "a process that was alive when its identity was removed is never online again"
    needs = "no step removes a worker while its process is there"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._heard: set[Process] = set()
        self._left: set[Process] = set()
        self._told: set[tuple[Removal, str]] = set()

    @staticmethod
    def applies(plan: Plan) -> bool:
        return anyone_removed_alive(plan)

    def on_put(self, op: Op) -> None:
        id = op.value["key"].removeprefix(self.truth.log.alive)
        if id == op.value["key"]:
            return
        lease = self.truth.leases.of.get(op.value["lease"])
        for removal in self.truth.removals.all:
            if removal.id != id or op.value["revision"] <= removal.revision:
                continue
            outcast = removal.outcast(lease) if lease else self._only_one(removal)
            if outcast:
                what = f"{outcast} put its alive key at revision {op.value['revision']}"
                self._tell(removal, f"put by {outcast.name}", what, op)

    def _only_one(self, removal: Removal) -> Process | None:
        is_in_force = self.truth.removals.in_force.get(removal.id) is removal
        return next((one for one in removal.outcasts if one.exit is None), None) if is_in_force else None

    def on_view(self, op: Op) -> None:
        for id, removal in self.truth.removals.in_force.items():
            if removal.outcasts and op.value["revision"] > removal.revision and id in op.value["online"]:
                what = f"{op.actor} shows {self.truth.who(id)} online at revision {op.value['revision']}"
                self._tell(removal, f"view of {op.actor}", what, op)

    def on_sample_ok(self, op: Op) -> None:
        """Whoever is heard of after its removal had its chance to come back."""
        for removal in self.truth.removals.in_force.values():
            if op.value["sent_ns"] > removal.op.time_ns:
                self._heard |= {one for one in removal.outcasts if one.pid == op.value["pid"] and one.name == op.actor}

    def on_exit(self, op: Op) -> None:
        """Shown after the nodes were, so that the process knows its end."""
        if not op.value["asked"]:
            outcasts = {one for removal in self.truth.removals.all for one in removal.outcasts}
            self._left |= {one for one in outcasts if one.exit is op}

    def _tell(self, removal: Removal, what: str, text: str, op: Op) -> None:
        """The same of the same is told once."""
        if (removal, what) in self._told:
            return
        self._told.add((removal, what))
        at = self.truth.at
        self.violated(
            f"{text} ({at(op.time_ns)}); it was removed at revision {removal.revision} ({at(removal.op.time_ns)}), "
            f"while {' and '.join(map(str, removal.outcasts))} ran",
            removal.op,
            op,
        )

    def verdict(self) -> Verdict:
        outcasts = [one for removal in self.truth.removals.all for one in removal.outcasts]
        silent = [one.name for one in outcasts if one not in self._heard | self._left]
        return self.answer(
            f"{counted(len(outcasts), 'worker')} removed alive, {len(self._left)} of them left unasked",
            self._missing(len(outcasts), silent),
            outcasts=len(outcasts),
            left=len(self._left),
        )

    def _missing(self, outcasts: int, silent: list[str]) -> str:
        if not outcasts:
            return "no worker was removed while its process was there"
        return self.truth.log.problem() or (
            f"{', '.join(silent)} gave no sign of life after being removed" if silent else ""
        )


class RemovalIsFinal(Invariant):
    name = "removal-is-final"
    id = "D3"
    says = "no registered key of a removed identity appears until that identity is started again"
    needs = "no step removes a worker"

    @staticmethod
    def applies(plan: Plan) -> bool:
        return anyone_removed(plan)

    def on_put(self, op: Op) -> None:
        log, at = self.truth.log, self.truth.at
        removal = self.truth.removals.in_force.get(op.value["key"].removeprefix(log.registered))
        if removal and op.value["revision"] > removal.revision:
            self.violated(
                f"{self.truth.who(removal.id)} was registered at revision {op.value['revision']} ({at(op.time_ns)}); "
                f"it was removed at revision {removal.revision} ({at(removal.op.time_ns)}) and not started since",
                removal.op,
                op,
            )

    def verdict(self) -> Verdict:
        removals = len(self.truth.removals.all)
        missing = self.truth.log.problem() if removals else "nobody was removed"
        return self.answer(f"{counted(removals, 'removal')}", missing, removals=removals)
