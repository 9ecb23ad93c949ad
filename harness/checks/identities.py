"""Invariants of identities and of the leases that keep them online."""

from dataclasses import dataclass, replace

from harness.checks.bounds import SECOND
from harness.checks.invariant import Invariant
from harness.checks.leases import Lease
from harness.checks.nodes import Process
from harness.checks.planned import workers_stopped_by
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict
from harness.core.history import Op
from harness.core.plan import Plan


@dataclass(eq=False)
class Active:
    """
    A time in which a process acted as an identity: from the answer of the first sample that says so to the sending of
    the last one, for each was true at some moment between the two.
    """

    process: Process
    first: Op
    last: Op

    @property
    def from_ns(self) -> int:
        return self.first.time_ns

    @property
    def to_ns(self) -> int:
        return int(self.last.value["sent_ns"])


class OneLiveProcess(Invariant):
    name = "one-live-process"
    id = "M1"
    says = "an identity is never acted for by two live processes at once"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._active: dict[str, list[Active]] = {}
        self._open: dict[str, Active] = {}

    def on_sample(self, op: Op) -> None:
        id, process = op.value.get("id"), self.truth.nodes.node(op.actor).process
        if op.type != "ok":
            return
        if id is None or op.value["state"] != "online" or process is None or process.pid != op.value["pid"]:
            self._lapsed(op.actor)
            return
        active = self._open.get(op.actor)
        if active is None or active.process is not process or active.first.value["id"] != id:
            active = self._open[op.actor] = Active(process, op, op)
            self._active.setdefault(id, []).append(active)
        active.last = op

    def on_signal(self, op: Op) -> None:
        if op.type == "invoke" and op.value["signal"] == "STOP":
            self._lapsed(op.actor)

    def on_fence(self, op: Op) -> None:
        self._lapsed(op.actor)

    def on_lease_lost(self, op: Op) -> None:
        self._lapsed(op.actor)

    def on_exit(self, op: Op) -> None:
        self._lapsed(op.actor)

    def _lapsed(self, name: str) -> None:
        """Nobody knows how long it still acts as its identity: another sample has to show it."""
        self._open.pop(name, None)

    def verdict(self) -> Verdict:
        for id, actives in self._active.items():
            self._compare(id, sorted(actives, key=lambda active: active.from_ns))
        processes = len({active.process for actives in self._active.values() for active in actives})
        return self.answer(
            f"{processes} incarnations of {len(self._active)} identities",
            "" if self._active else "no worker was ever seen online",
            incarnations=processes,
            identities=len(self._active),
        )

    def _compare(self, id: str, actives: list[Active]) -> None:
        told: set[tuple[Process, Process]] = set()
        longest: Active | None = None
        for active in actives:
            if longest and longest.process is not active.process and active.from_ns <= longest.to_ns:
                pair = longest.process, active.process
                if pair not in told and longest.from_ns <= active.to_ns:
                    told.add(pair)
                    self._told(id, longest, active)
            if longest is None or active.to_ns > longest.to_ns:
                longest = active

    def _told(self, id: str, one: Active, other: Active) -> None:
        at, until_ns = self.truth.at, min(one.to_ns, other.to_ns)
        self.violated(
            f"{id} was online twice from {at(other.from_ns)} to {at(max(until_ns, other.from_ns))}: "
            f"as {_named(one.process)} from {at(one.from_ns)} on, and as {_named(other.process)}",
            one.first,
            one.last,
            other.first,
            other.last,
        )


class NoPrematureEviction(Invariant):
    name = "no-premature-eviction"
    id = "M5"
    says = "a worker whose keepalives etcd acknowledges keeps its alive key until the last one's TTL has passed"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._suspects: list[tuple[Op, Lease, Op | None]] = []
        self._removed: set[str] = set()
        self._deletions = self._unexamined = 0

    def on_delete(self, op: Op) -> None:
        put = self.truth.log.undone
        if put is None or not op.value["key"].startswith(self.truth.log.alive):
            return
        lease = self.truth.leases.of.get(put.value["lease"])
        self._deletions += 1
        self._unexamined += lease is None
        if lease and op.time_ns < lease.lives_until_ns:
            self._suspect(op, lease, put)

    def on_keepalive(self, op: Op) -> None:
        lease = self.truth.leases.of.get(op.value["lease"])
        if op.type == "fail" and lease and op.value["ttl_s"] == 0 and op.time_ns < lease.lives_until_ns:
            self._suspect(op, lease, None)

    def on_removed(self, op: Op) -> None:
        self._removed.add(op.value["id"])

    def _suspect(self, op: Op, lease: Lease, put: Op | None) -> None:
        """Kept with the lease as it is now; a revoke, or a removal, may be recorded only later."""
        term = self.truth.nodes.node(lease.name).term
        if term is None or term.time_ns < lease.granted_ns:
            self._suspects.append((op, replace(lease), put))

    def verdict(self) -> Verdict:
        for op, lease, put in self._suspects:
            if not self._is_explained(op, lease):
                self._told(op, lease, put)
        keepalives = self.truth.leases.keepalives
        return self.answer(
            f"{keepalives} acknowledged keepalives of {len(self.truth.leases.of)} leases, {self._deletions} keys gone",
            "" if keepalives else "no keepalive was acknowledged",
            keepalives=keepalives,
            leases=len(self.truth.leases.of),
            deletions=self._deletions,
            unexamined=self._unexamined,
        )

    def _is_explained(self, op: Op, lease: Lease) -> bool:
        """By a revoke, or by the removal of the identity; a clean stop was no suspect."""
        if self.truth.leases.of[lease.lease].revoked or lease.id in self._removed:
            return True
        removals = self.truth.log.removals(f"{self.truth.log.registered}{lease.id}")
        return any(revision <= op.value.get("revision", revision) for revision in removals)

    def _told(self, op: Op, lease: Lease, put: Op | None) -> None:
        at, who = self.truth.at, self.truth.who(lease.id)
        early_s = (lease.lives_until_ns - op.time_ns) / SECOND
        what = (
            f"{who}'s alive key was deleted at revision {op.value['revision']} ({at(op.time_ns)})"
            if op.f == "delete"
            else f"etcd told {op.actor} at {at(op.time_ns)} that its lease is gone"
        )
        self.violated(
            f"{what}, {early_s:.2f} s before the {lease.ttl_s:g} s of the {lease.op.f} were over that it had sent at "
            f"{at(lease.sent_ns)} and etcd had acknowledged at {at(lease.acked_ns)}; nobody revoked it",
            put,
            lease.op,
            op,
        )


@dataclass(eq=False)
class Stop:
    """A worker that was told to stop while its alive key stood in etcd."""

    name: str
    key: str
    term: Op
    lease: Lease
    due_ns: int
    put: Op


class CleanStopIsImmediate(Invariant):
    name = "clean-stop-is-immediate"
    id = "M7"
    says = "a worker that is told to stop takes its alive key out of etcd at once, and does not leave it to expire"
    needs = "nobody is told to stop (TERM) while the run lasts"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._stops: dict[str, Stop] = {}
        self._expired: list[tuple[Stop, Op]] = []
        self._took_s: list[float] = []
        self._overstayed = self._unexamined = 0

    @staticmethod
    def applies(plan: Plan) -> bool:
        return workers_stopped_by(plan, "TERM")

    def on_signal(self, op: Op) -> None:
        node = self.truth.nodes.node(op.actor)
        key = f"{self.truth.log.alive}{node.id}"
        if op.value["signal"] != "TERM" or op.actor not in self.truth.nodes.workers or self.truth.phases.is_stopping:
            return
        due_ns = op.time_ns + int(self.truth.bounds.stop_s * SECOND)
        put, lease, stop = self.truth.log.puts.get(key), self.truth.leases.held.get(op.actor), self._stops.get(key)
        if stop:
            stop.due_ns = due_ns if op.type == "ok" else stop.due_ns
        elif op.type == "invoke" and put:
            if lease and self._was_in_touch(op, lease):
                self._stops[key] = Stop(op.actor, key, op, lease, due_ns, put)
            else:
                self._unexamined += 1

    def _was_in_touch(self, op: Op, lease: Lease) -> bool:
        """Whether etcd acknowledged its lease within the last TTL, in which nothing disturbed it."""
        since_ns = op.time_ns - int(lease.ttl_s * SECOND)
        return lease.acked_ns > since_ns and self.truth.nodes.was_steady(op.actor, since_ns)

    def on_delete(self, op: Op) -> None:
        stop = self._stops.pop(op.value["key"], None)
        if stop is None or not self._can_be_judged(stop, op.time_ns):
            return
        self._took_s.append((op.time_ns - stop.term.time_ns) / SECOND)
        if op.time_ns > self._due_ns(stop, op.time_ns):
            self._told(stop, f"went only at revision {op.value['revision']} ({self.truth.at(op.time_ns)})", op)
        elif op.time_ns >= stop.lease.lives_until_ns:
            self._expired.append((stop, op))

    def on_put(self, op: Op) -> None:
        stop = self._stops.get(op.value["key"])
        process = self.truth.nodes.node(stop.name).process if stop else None
        if stop is None or process is None or process.start.time_ns < stop.term.time_ns:
            return
        del self._stops[stop.key]
        if self._can_be_judged(stop, op.time_ns):
            self._overstayed += 1
            self._told(stop, f"was still there when the next incarnation wrote it at {self.truth.at(op.time_ns)}", op)

    def on_reach(self, op: Op) -> None:
        for stop in [stop for stop in self._stops.values() if op.time_ns > self._due_ns(stop, op.time_ns)]:
            del self._stops[stop.key]
            if self._can_be_judged(stop, op.time_ns):
                self._overstayed += 1
                self._told(stop, f"is still there at {self.truth.at(op.time_ns)}", op)

    def _due_ns(self, stop: Stop, now_ns: int) -> int:
        return stop.due_ns + int(self.truth.bounds.stalled_s(stop.term.time_ns, now_ns) * SECOND)

    def _can_be_judged(self, stop: Stop, now_ns: int) -> bool:
        steady = self.truth.nodes.was_steady(stop.name, stop.term.time_ns)
        self._unexamined += not steady
        return steady

    def _told(self, stop: Stop, what: str, op: Op) -> None:
        self.violated(
            f"{stop.name} was told to stop at {self.truth.at(stop.term.time_ns)}; its alive key {what}; "
            f"{self.truth.bounds.stop_s:.2f} s are allowed",
            stop.put,
            stop.term,
            op,
        )

    def verdict(self) -> Verdict:
        for stop, op in self._expired:
            if not stop.lease.revoked:
                self._told(stop, f"expired at {self.truth.at(op.time_ns)}, for nobody revoked its lease", op)
        allowed_s = self.truth.bounds.stop_s
        judged = len(self._took_s) + self._overstayed
        slowest = f", slowest {max(self._took_s):.2f} s of {allowed_s:.2f} s allowed" if self._took_s else ""
        return self.answer(
            f"{judged} clean stops{slowest}",
            "" if judged else "no worker was told to stop while it was in touch with etcd",
            stops=judged,
            unexamined=self._unexamined + len(self._stops),
            allowed_s=round(allowed_s, 3),
        )


def _named(process: Process) -> str:
    return f"{process.name} (pid {process.pid}, incarnation {process.incarnation})"
