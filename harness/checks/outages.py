"""The invariant of etcd's outages: whoever outlives one is a member again soon, and registers no more than needed."""

from dataclasses import dataclass, field

from harness.checks.bounds import EXPIRY_S, NEVER, SECOND
from harness.checks.invariant import Invariant
from harness.checks.planned import etcd_is_lost_for, ttl_s
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted
from harness.core.history import Op
from harness.core.plan import Plan

_THERE = ("online", "fenced")


@dataclass(eq=False)
class Return:
    """A worker that was online when an outage began; `since_ns` and `end_ns` are the outage's."""

    name: str
    ttl_s: float
    since_ns: int
    end_ns: int = NEVER
    registered: list[Op] = field(default_factory=list)
    back: Op | None = None


class OneRegistrationAfterAnOutage(Invariant):
    """
    An outage is what the observer's reads tell. A worker that something else befalls is not judged. While etcd is in
    trouble again nothing is due: who was back by then is judged by what it did until then, and of the others the bound
    and the registrations count anew from the end of that.
    """

    name = "one-registration-after-an-outage"
    id = "M8"
    says = (
        "after an outage of etcd longer than its lease a worker is online again in time, registered anew once at most"
    )
    needs = "etcd is not out of reach for longer than a lease"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._open: dict[str, Return] = {}
        self._judged: list[Return] = []
        self._outages = self._unexamined = 0
        self._is_out = False
        self._slowest_s = self._allowed_s = 0.0

    @staticmethod
    def applies(plan: Plan) -> bool:
        return etcd_is_lost_for(plan, ttl_s(plan) + EXPIRY_S)

    def on_reach(self, op: Op) -> None:
        """One read that was answered late is an outage from its beginning to its end."""
        bounds, was_out = self.truth.bounds, self._is_out
        self._is_out = bounds.outage_since_ns is not None
        is_over = bounds.outage_end_ns == op.time_ns
        if not was_out and (self._is_out or is_over):
            self._begins(op.value["sent_ns"])
        if is_over:
            self._ends(op)

    def _begins(self, since_ns: int) -> None:
        """Workers that are still on their way back from the last outage stay on it."""
        for one in list(self._open.values()):
            self._interrupted(one, since_ns)
        for name in self.truth.nodes.workers:
            node, lease = self.truth.nodes.node(name), self.truth.leases.held.get(name)
            is_there = node.runs and node.answered and node.answered.value["state"] in _THERE
            if name not in self._open and lease and is_there and not node.held_up:
                self._open[name] = Return(name, lease.ttl_s, since_ns)

    def _ends(self, op: Op) -> None:
        """One too short for a worker's lease asks nothing of it; who was on its way already counts anew."""
        fresh = [one for one in self._open.values() if one.end_ns == NEVER]
        for one in self._open.values():
            if one not in fresh:
                one.registered.clear()
        long = [one for one in fresh if op.time_ns - one.since_ns > one.ttl_s * SECOND]
        self._outages += bool(long)
        for one in fresh:
            if one in long:
                one.end_ns = op.time_ns
            else:
                del self._open[one.name]

    def _interrupted(self, one: Return, since_ns: int) -> None:
        """What it registered from then on may be for the next outage."""
        one.registered = [op for op in one.registered if op.time_ns < since_ns]
        if one.back:
            self._judge(one)
        else:
            one.registered.clear()

    def on_register_ok(self, op: Op) -> None:
        if one := self._open.get(op.actor):
            if self._had_run_out(one, op):
                one.registered.clear()
            one.registered.append(op)

    def _had_run_out(self, one: Return, op: Op) -> bool:
        """Whether the lease registered before was over when this one was asked for: a cause of its own."""
        before = self.truth.leases.of.get(one.registered[-1].value["lease"]) if one.registered else None
        lease = self.truth.leases.of.get(op.value["lease"])
        return before is not None and lease is not None and lease.asked_ns >= before.lives_until_ns

    def on_sample_ok(self, op: Op) -> None:
        one = self._open.get(op.actor)
        if one is None or op.value["sent_ns"] <= one.end_ns:
            return
        if op.value["state"] == "online" and one.back is None:
            one.back = op
        if op.value["sent_ns"] > self._due_ns(one, op.value["sent_ns"]):
            self._close(one, op)

    def _due_ns(self, one: Return, now_ns: int) -> int:
        nodes, bounds = self.truth.nodes, self.truth.bounds
        node = nodes.node(one.name)
        if self.truth.etcd.troubles or node.held_up:
            return NEVER
        from_ns = max(one.end_ns, node.disturbed_ns)
        self._allowed_s = bounds.returns_s + nodes.moving_on_s
        return from_ns + int((self._allowed_s + bounds.stalled_s(from_ns, now_ns)) * SECOND)

    def _close(self, one: Return, op: Op) -> None:
        if op.value["state"] != "online":
            self.violated(
                f"{one.name} is {op.value['state']} at {self.truth.at(op.time_ns)}, after {self._outage(one)}; "
                f"{self._allowed_s:.2f} s are allowed for being online again",
                op,
            )
        self._judge(one)

    def _judge(self, one: Return) -> None:
        del self._open[one.name]
        self._judged.append(one)
        if one.back:
            self._slowest_s = max(self._slowest_s, (one.back.time_ns - one.end_ns) / SECOND)
        if len(one.registered) > 1:
            when = " and at ".join(self.truth.at(op.time_ns) for op in one.registered)
            self.violated(f"{one.name} registered anew at {when}, for {self._outage(one)} alone", *one.registered)

    def _outage(self, one: Return) -> str:
        return f"the outage of etcd from {self.truth.at(one.since_ns)} to {self.truth.at(one.end_ns)}"

    # What else befalls a worker

    def on_signal(self, op: Op) -> None:
        self._drop(op.actor)

    def on_exit(self, op: Op) -> None:
        self._drop(op.actor)

    def on_removed(self, op: Op) -> None:
        self._drop(op.actor)

    def on_fault(self, op: Op) -> None:
        for name in [name for name in self._open if self.truth.nodes.node(name).held_up]:
            self._drop(name)

    def on_phase(self, op: Op) -> None:
        if op.value["phase"] == "stop":
            for one in list(self._open.values()):
                self._ended_early(one)

    def _ended_early(self, one: Return) -> None:
        """Who was back by then was in time, as far as that could be seen."""
        if one.back:
            self._judge(one)
        else:
            self._drop(one.name)

    def _drop(self, name: str) -> None:
        one = self._open.pop(name, None)
        self._unexamined += one is not None and one.end_ns != NEVER

    def verdict(self) -> Verdict:
        anew = sum(bool(one.registered) for one in self._judged)
        slowest = f", slowest {self._slowest_s:.2f} s of {self._allowed_s:.2f} s allowed" if self._judged else ""
        back = f"{counted(len(self._judged), 'worker')} back, {anew} registered anew{slowest}"
        return self.answer(
            f"{counted(self._outages, 'outage')}, {back}",
            "" if self._judged else "no worker was seen before and after an outage longer than its lease",
            outages=self._outages,
            workers=len(self._judged),
            registered_anew=anew,
            unexamined=self._unexamined,
            slowest_s=round(self._slowest_s, 3),
            allowed_s=round(self._allowed_s, 3),
        )
