"""
The harness' own invariants: whether a run may be trusted at all.

What they find wrong is no fault of the system under test. So they are valid or unknown, never violated.
"""

from collections import Counter
from collections.abc import Iterator

from harness.checks.invariant import Invariant
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted
from harness.core.endings import REMOVED
from harness.core.few import few
from harness.core.history import Op
from harness.core.plan import Plan

_TOLD = 5
_SHOWN = ("proven", "not-applicable")


class Own(Invariant):
    """Collects what is wrong instead of violations."""

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._wrong: list[str] = []

    @property
    def wrong(self) -> str:
        return few(self._wrong, _TOLD, "; ", "; ")


class NothingLeftBehind(Own):
    name = "nothing-left-behind"
    id = "H1"
    says = "after the stop nothing of the run is left on the machine"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._measured = False

    def on_left_behind(self, op: Op) -> None:
        self._measured = True
        self._wrong += [f"left behind: {what}" for what in op.value["left"]]

    def verdict(self) -> Verdict:
        missing = self.wrong if self._measured else "nobody looked what was left behind"
        return self.answer(counted(len(self._wrong), "thing") + " left", missing, left=len(self._wrong))


class FaultsAreProven(Own):
    name = "faults-are-proven"
    id = "H2"
    says = "every planned fault was injected and healed, and both were seen to work"
    needs = "no fault is planned"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._begun: dict[int, Op] = {}
        self._effects: dict[int, Op] = {}
        self._heals: dict[int, Op] = {}
        self._skipped: set[int] = set()

    @staticmethod
    def applies(plan: Plan) -> bool:
        return bool(plan.steps)

    def on_fault(self, op: Op) -> None:
        (self._begun if op.type == "invoke" else self._effects)[op.value["step"]] = op

    def on_heal(self, op: Op) -> None:
        if op.type != "invoke":
            self._heals[op.value["step"]] = op

    def on_skip(self, op: Op) -> None:
        self._skipped.add(op.value["step"])
        self._wrong.append(f"{_step(op)} ({op.value['fault']}) was not begun: {op.error or 'nobody knows why'}")

    def verdict(self) -> Verdict:
        for step, begun in self._begun.items():
            self._look("effect", begun, self._effects.get(step))
            self._look("heal", begun, self._heals.get(step))
        unseen = len(self.plan.steps) - len(self._begun) - len(self._skipped)
        if unseen > 0:
            self._wrong.append(f"{unseen} of {len(self.plan.steps)} steps were never begun")
        return self.answer(
            f"{len(self._begun)} of {len(self.plan.steps)} faults begun, {len(self._heals)} healed",
            self.wrong,
            faults=len(self._begun),
            heals=len(self._heals),
            skipped=len(self._skipped),
        )

    def _look(self, what: str, begun: Op, done: Op | None) -> None:
        outcome = done.value.get(what) if done and done.type == "ok" else None
        if outcome not in _SHOWN:
            why = (done.error or done.value.get("detail") or "") if done else "it was not recorded"
            state = outcome or (done.type if done else "unknown")
            self._wrong.append(f"{_step(begun)} ({begun.f}): {what} {state}" + (f", {why}" if why else ""))


class EnoughEvidence(Own):
    """
    A client that runs when the run stops must have answered while settling: one that is asked for nothing but its
    samples shows nothing. A worker that ends because it was removed from the cluster did what it should.
    """

    name = "enough-evidence"
    id = "H3"
    says = "every node was heard of, every client worked to the end, nobody died unasked, the observer missed nothing"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        rates = {"lookup": plan.workload.lookups_per_s, "read": plan.workload.reads_per_s}
        self._wanted = [f for f, rate in rates.items() if rate > 0]
        self._ok = Counter[str]()
        self._final = set[tuple[str, str]]()
        self._at_the_end: list[str] | None = None
        self._unasked: list[Op] = []
        self._removed: dict[str, str] = {}

    def on_lookup_ok(self, op: Op) -> None:
        self._ok[op.f] += 1
        if op.value.get("final"):
            self._final.add((op.actor, op.f))

    on_read_ok = on_lookup_ok

    def on_removed(self, op: Op) -> None:
        self._removed[op.actor] = op.value["id"]

    def on_exit(self, op: Op) -> None:
        if not op.value["asked"]:
            self._unasked.append(op)

    def on_neighbour(self, op: Op) -> None:
        if op.f == "exit":
            self.on_exit(op)

    def on_phase(self, op: Op) -> None:
        if op.value["phase"] == "stop" and self._at_the_end is None:
            self._at_the_end = self._running()

    def _running(self) -> list[str]:
        return [name for name in self.plan.clients if self.truth.nodes.node(name).runs]

    def verdict(self) -> Verdict:
        nodes, bounds = self.truth.nodes, self.truth.bounds
        joined = (name for name in self.plan.joiners if nodes.node(name).process)
        everyone = (*self.plan.workers, *joined, *self.plan.clients)
        unheard = [name for name in everyone if not nodes.node(name).answers]
        self._wrong += [self._death(op) for op in self._unasked if not self._was_removed(op)]
        self._wrong += [f"{name} never answered" for name in unheard]
        self._wrong += self._idle()
        if problem := self.truth.log.problem():
            self._wrong.append(problem)
        if not bounds.reached:
            self._wrong.append("the observer never reached etcd")
        if bounds.longest_gap_s > bounds.observer_gap_s:
            allowed = f"where {bounds.observer_gap_s:g} s are allowed"
            self._wrong.append(f"the observer did not run for {bounds.longest_gap_s:.2f} s, {allowed}")
        heard = len(everyone) - len(unheard)
        return self.answer(
            f"{heard} of {len(everyone)} nodes heard, {self._ok['lookup']} lookups, {self._ok['read']} reads",
            self.wrong,
            nodes_heard=heard,
            lookups=self._ok["lookup"],
            reads=self._ok["read"],
            longest_observer_gap_s=round(bounds.longest_gap_s, 3),
        )

    def _idle(self) -> Iterator[str]:
        """What nobody did, though it was asked for; else what single clients did not do at the end."""
        running = self._running() if self._at_the_end is None else self._at_the_end
        for f in self._wanted if self.plan.clients else ():
            if not self._ok[f]:
                yield f"no {f} succeeded"
            else:
                yield from (f"no final {f} of {name} succeeded" for name in running if (name, f) not in self._final)

    def _was_removed(self, op: Op) -> bool:
        key = f"{self.truth.log.registered}{self._removed.get(op.actor)}"
        return op.value["status"] == REMOVED and bool(self.truth.log.removals(key))

    def _death(self, op: Op) -> str:
        why = f": {op.error}" if op.error else ""
        return f"{op.actor} exited unasked with {op.value['status']} after {op.value['ran_s']:.1f} s{why}"


def _step(op: Op) -> str:
    """Counted as people do, from 1."""
    return f"step {op.value['step'] + 1}"
