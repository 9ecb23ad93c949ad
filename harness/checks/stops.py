"""The invariant of workers that are told to stop: they take leave, and do not just fall silent."""

from dataclasses import dataclass

from harness.checks.bounds import SECOND
from harness.checks.invariant import Invariant
from harness.checks.leases import Lease
from harness.checks.planned import workers_stopped_by
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted
from harness.core.history import Op
from harness.core.plan import Plan


@dataclass(eq=False)
class Stop:
    """
    A worker that was told to stop while its alive key stood in etcd.

    `in_time` is the newest revision that etcd had by `due_ns`: a delete up to there came in time, however late the
    observer's watch delivered it. `steady` says, once `due_ns` is over, whether nothing interfered.
    """

    name: str
    key: str
    term: Op
    lease: Lease
    due_ns: int
    put: Op
    in_time: int = 0
    steady: bool | None = None


class CleanStopIsImmediate(Invariant):
    name = "clean-stop-is-immediate"
    id = "M7"
    says = "a worker that is told to stop takes its alive key out of etcd at once, and does not leave it to expire"
    needs = "nobody is told to stop (TERM) while the run lasts"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._stops: dict[str, Stop] = {}
        self._expired: list[tuple[Stop, Op]] = []
        self._judged = self._unexamined = 0
        self._slowest_s = 0.0

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

    def on_reach(self, op: Op) -> None:
        for stop in self._stops.values():
            if op.time_ns > self._due_ns(stop, op.time_ns):
                stop.steady = self._is_steady(stop)
            elif op.type == "ok":
                stop.in_time = op.value["revision"]

    def on_delete(self, op: Op) -> None:
        stop = self._stops.pop(op.value["key"], None)
        if stop is None or not self._can_be_judged(stop):
            return
        self._judged += 1
        if op.time_ns > self._due_ns(stop, op.time_ns) and op.value["revision"] > stop.in_time:
            self._told(stop, f"went only at revision {op.value['revision']} ({self.truth.at(op.time_ns)})", op)
            return
        self._slowest_s = max(self._slowest_s, (min(op.time_ns, stop.due_ns) - stop.term.time_ns) / SECOND)
        if op.time_ns >= stop.lease.lives_until_ns:
            self._expired.append((stop, op))

    def on_put(self, op: Op) -> None:
        stop = self._stops.get(op.value["key"])
        process = self.truth.nodes.node(stop.name).process if stop else None
        if stop is None or process is None or process.start.time_ns < stop.term.time_ns:
            return
        del self._stops[stop.key]
        was_there = op.value["version"] > 1
        if not was_there:
            self._unexamined += 1  # it went, but the watch missed when
        elif self._can_be_judged(stop):
            self._judged += 1
            self._told(stop, f"was still there when the next incarnation wrote it at {self.truth.at(op.time_ns)}", op)

    def _due_ns(self, stop: Stop, now_ns: int) -> int:
        return stop.due_ns + int(self.truth.bounds.stalled_s(stop.term.time_ns, now_ns) * SECOND)

    def _is_steady(self, stop: Stop) -> bool:
        if stop.steady is None:
            return self.truth.nodes.was_steady(stop.name, stop.term.time_ns)
        return stop.steady

    def _can_be_judged(self, stop: Stop) -> bool:
        steady = self._is_steady(stop)
        self._unexamined += not steady
        return steady

    def _told(self, stop: Stop, what: str, op: Op | None = None) -> None:
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
        for stop in self._stops.values():
            self._never_went(stop)
        allowed_s = self.truth.bounds.stop_s
        slowest = f", slowest {self._slowest_s:.2f} s of {allowed_s:.2f} s allowed" if self._judged else ""
        return self.answer(
            f"{counted(self._judged, 'clean stop')}{slowest}",
            "" if self._judged else "no worker was told to stop while it was in touch with etcd",
            stops=self._judged,
            unexamined=self._unexamined,
            slowest_s=round(self._slowest_s, 3),
            allowed_s=round(allowed_s, 3),
        )

    def _never_went(self, stop: Stop) -> None:
        """Its bound must have passed before the history ended, and no event be missing from it."""
        if stop.steady and not self.truth.log.problem():
            self._judged += 1
            self._told(stop, "never went")
        else:
            self._unexamined += 1
