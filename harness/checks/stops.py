"""The invariant of workers that are told to stop: they take leave, and do not just fall silent."""

from dataclasses import dataclass
from typing import NamedTuple

from harness.checks.bounds import SECOND
from harness.checks.invariant import Invariant
from harness.checks.leases import Lease
from harness.checks.planned import workers_stopped_by
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted
from harness.core.history import Op
from harness.core.patience import SAMPLE_EVERY_S
from harness.core.plan import Plan

_SAMPLED_EVERY_NS = int(SAMPLE_EVERY_S * SECOND)
_KILLED = -9


@dataclass(eq=False)
class Stop:
    """
    A worker that was told to stop while its alive key stood in etcd.

    `in_time` is the newest revision that etcd had by `due_ns`: a delete up to there came in time, however late the
    observer's watch delivered it. `steady` says, once `due_ns` is over, whether nothing interfered. Until it ended the
    worker may have been kept from running between two signs of life; `heard_ns` is when it last ran for certain,
    `silent_ns` how much longer such times were than samples are apart.

    `done` is when the worker was through, in its own words (a revoke) or because it ended; `gone_by` the revision of
    the first read of etcd that was sent after that. A key that went later was left behind, no matter how fast anybody
    was.
    """

    name: str
    key: str
    term: Op
    lease: Lease
    due_ns: int
    put: Op
    heard_ns: int
    silent_ns: int = 0
    in_time: int = 0
    steady: bool | None = None
    has_ended: bool = False
    done: Op | None = None
    gone_by: int | None = None

    def heard(self, op: Op, ran_ns: int) -> None:
        self.silent_ns = self.silent_by(op.time_ns)
        self.heard_ns = max(self.heard_ns, ran_ns)

    def silent_by(self, now_ns: int) -> int:
        gap_ns = 0 if self.has_ended else now_ns - self.heard_ns - _SAMPLED_EVERY_NS
        return self.silent_ns + max(0, gap_ns)

    @property
    def is_uncertain(self) -> bool:
        """It gave its lease back, and nobody knows whether etcd heard that."""
        return self.lease.revoked is not None and self.lease.revoked.type == "info"


class Ending(NamedTuple):
    """What became of the key: a delete, or a put by the next incarnation; `is_left`: after the worker was through."""

    stop: Stop
    op: Op
    is_late: bool
    is_left: bool


class CleanStopIsImmediate(Invariant):
    name = "clean-stop-is-immediate"
    id = "M7"
    says = "a worker that is told to stop takes its alive key out of etcd at once, and does not leave it to expire"
    needs = "nobody is told to stop (TERM) while the run lasts"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._stops: dict[str, Stop] = {}
        self._stopping: dict[str, Stop] = {}
        self._endings: list[Ending] = []
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
            if lease and node.answered and self._was_in_touch(op, lease, put):
                stop = Stop(op.actor, key, op, lease, due_ns, put, node.answered.value["sent_ns"])
                self._stops[key] = self._stopping[op.actor] = stop
            else:
                self._unexamined += 1

    def _was_in_touch(self, op: Op, lease: Lease, put: Op) -> bool:
        """Whether etcd acknowledged the key's lease within the last TTL, in which nothing disturbed it."""
        since_ns = op.time_ns - int(lease.ttl_s * SECOND)
        is_the_keys = put.value["lease"] == lease.lease
        return is_the_keys and lease.acked_ns > since_ns and self.truth.nodes.was_steady(op.actor, since_ns)

    def on_sample_ok(self, op: Op) -> None:
        if stop := self._stopping.get(op.actor):
            stop.heard(op, op.value["sent_ns"])

    def on_revoke(self, op: Op) -> None:
        if stop := self._stopping.get(op.actor):
            stop.heard(op, op.time_ns)
            stop.done = op

    def on_exit(self, op: Op) -> None:
        if stop := self._stopping.pop(op.actor, None):
            stop.heard(op, op.time_ns)
            stop.has_ended = True
            if op.value["status"] != _KILLED:
                stop.done = stop.done or op

    def on_reach(self, op: Op) -> None:
        for stop in self._stops.values():
            if stop.done and stop.gone_by is None and op.type == "ok" and op.value["sent_ns"] > stop.done.time_ns:
                stop.gone_by = op.value["revision"]
            if self._is_late(stop, op):
                stop.steady = self._is_steady(stop)
            elif op.type == "ok":
                stop.in_time = op.value["revision"]

    def on_delete(self, op: Op) -> None:
        if stop := self._stops.pop(op.value["key"], None):
            revision = op.value["revision"]
            is_left = stop.gone_by is not None and revision > stop.gone_by
            self._ended(stop, op, self._is_late(stop, op) and revision > stop.in_time, is_left)

    def on_put(self, op: Op) -> None:
        stop = self._stops.get(op.value["key"])
        process = self.truth.nodes.node(stop.name).process if stop else None
        if stop is None or process is None or process.start.time_ns < stop.term.time_ns:
            return
        del self._stops[stop.key]
        was_there = op.value["version"] > 1
        if was_there:
            self._ended(stop, op, self._is_late(stop, op), stop.done is not None)
        else:
            self._unexamined += 1  # it went, but the watch missed when

    def _ended(self, stop: Stop, op: Op, is_late: bool, is_left: bool) -> None:
        stop.steady = self._is_steady(stop)
        self._endings.append(Ending(stop, op, is_late, is_left))

    def _is_late(self, stop: Stop, op: Op) -> bool:
        """The observer's own standstill and the worker's silence are added to the bound."""
        stalled_ns = int(self.truth.bounds.stalled_s(stop.term.time_ns, op.time_ns) * SECOND)
        return op.time_ns > stop.due_ns + stalled_ns + stop.silent_by(op.time_ns)

    def _is_steady(self, stop: Stop) -> bool:
        if stop.steady is None:
            return self.truth.nodes.was_steady(stop.name, stop.term.time_ns)
        return stop.steady

    def _told(self, stop: Stop, what: str, op: Op | None = None) -> None:
        self._judged += 1
        self.violated(
            f"{stop.name} was told to stop at {self.truth.at(stop.term.time_ns)}; its alive key {what}; "
            f"{self.truth.bounds.stop_s:.2f} s are allowed",
            stop.put,
            stop.term,
            op,
        )

    def verdict(self) -> Verdict:
        """A revoke may be recorded after what it did, so all is judged at the end."""
        for ending in self._endings:
            self._judge(*ending)
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

    def _judge(self, stop: Stop, op: Op, is_late: bool, is_left: bool) -> None:
        at = self.truth.at(op.time_ns)
        if stop.is_uncertain or not (stop.steady or is_left):
            self._unexamined += 1
        elif op.f == "put" and (is_late or is_left):
            self._told(stop, f"was still there when the next incarnation wrote it at {at}", op)
        elif is_left and stop.done:
            through = "said that its lease was given back" if stop.done.f == "revoke" else "had ended"
            since = f"though {stop.name} {through} at {self.truth.at(stop.done.time_ns)}"
            self._told(stop, f"went only at revision {op.value['revision']} ({at}), {since}", op)
        elif op.f == "delete" and is_late:
            self._told(stop, f"went only at revision {op.value['revision']} ({at})", op)
        elif op.f == "delete" and (stop.lease.revoked or op.time_ns < stop.lease.lives_until_ns):
            self._judged += 1
            self._slowest_s = max(self._slowest_s, (min(op.time_ns, stop.due_ns) - stop.term.time_ns) / SECOND)
        else:
            self._unexamined += 1

    def _never_went(self, stop: Stop) -> None:
        """The worker must have been through, or its bound have passed, and no event be missing from the history."""
        is_left = stop.gone_by is not None
        if stop.is_uncertain or not (stop.steady or is_left) or self.truth.log.problem():
            self._unexamined += 1
        else:
            self._told(stop, "never went")
