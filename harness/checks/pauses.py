"""The invariant of time: a pause is noticed not at all, or once."""

from dataclasses import dataclass, field

from harness.checks.bounds import NEVER, SECOND, SILENCE_S, Bounds
from harness.checks.invariant import Invariant
from harness.checks.nodes import Node
from harness.checks.planned import ttl_s, workers_paused_for
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted
from harness.core.history import Op
from harness.core.links import touching
from harness.core.patience import RENEWALS_A_TTL
from harness.core.plan import Plan

_SHORT = 1 / RENEWALS_A_TTL
"""A pause no longer than from one keepalive to the next leaves as long a time to renew the lease in."""


@dataclass(eq=False)
class Pause:
    """
    A worker's pause from `stopped` to `thawed`, the lease it had and the last moment before at which it had sent what
    etcd acknowledged; then what etcd's log has of its alive key until `end_ns`. `moving_on_s` is how much longer than
    usual etcd may take to be heard from.
    """

    id: str
    lease: int
    ttl_s: float
    sent_ns: int
    stopped: Op
    thawed: Op | None = None
    is_kept: bool | None = None
    events: dict[int, Op] = field(default_factory=dict)
    awoken_ns: int = NEVER
    heard_ns: int = 0
    moving_on_s: float = 0.0
    end_ns: int = NEVER

    @property
    def story(self) -> str:
        """A letter for each time that its key was put or deleted, in order: `dp` for one leave and one return."""
        seen = [self.events[revision] for revision in sorted(self.events)]
        return "".join(op.f[0] for op in seen if op.time_ns <= self.end_ns)


class APauseCountsOnce(Invariant):
    """
    Short is a pause after which a third of the lease was left, and any after which etcd renewed the lease first of
    all. Long is one that outlasts the lease and its expiry. What lies between may go either way, and is not judged;
    nor is a pause with anything else in it that may touch the worker, its links to etcd, or etcd.
    """

    name = "a-pause-counts-once"
    id = "T2"
    says = "a short pause of a worker changes no membership; one longer than its lease is one leave and one return"
    needs = "no worker is paused for less than a third of its lease, or for longer than it and its expiry"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._open: dict[str, Pause] = {}
        self._closed: list[Pause] = []
        self._pauses = self._short = self._long = 0

    @staticmethod
    def applies(plan: Plan) -> bool:
        short_s, long_s = _SHORT * ttl_s(plan), Bounds(plan).leaves_s(ttl_s(plan)) / plan.time_scale
        return any(seconds <= short_s or seconds >= long_s for seconds in workers_paused_for(plan))

    # From stop to thaw

    def on_signal(self, op: Op) -> None:
        if op.actor not in self.truth.nodes.workers:
            return
        pause, what = self._open.get(op.actor), (op.value["signal"], op.type)
        if pause and what == ("CONT", "invoke") and pause.thawed is None:
            self._thaws(pause, op)
        elif pause and what != ("CONT", "ok"):
            self._close(op.actor, op.time_ns)
        if what == ("STOP", "ok"):
            self._stops(op)

    def _stops(self, op: Op) -> None:
        self._pauses += 1
        node, lease = self.truth.nodes.node(op.actor), self.truth.leases.held.get(op.actor)
        put = self.truth.log.puts.get(f"{self.truth.log.alive}{node.id}")
        if lease is None or put is None or node.id is None or put.value["lease"] != lease.lease:
            return
        is_alive = node.is_online and node.echo_ns < op.time_ns < lease.lives_until_ns
        if is_alive and self._is_otherwise_well(node):
            self._open[op.actor] = Pause(node.id, lease.lease, lease.ttl_s, lease.sent_ns, op)

    def _thaws(self, pause: Pause, op: Op) -> None:
        node = self.truth.nodes.node(op.actor)
        if self._is_otherwise_well(node) and node.disturbed_ns < pause.stopped.time_ns:
            pause.thawed = op
            pause.moving_on_s = self.truth.nodes.moving_on_s
            pause.end_ns = op.time_ns + int(self._watched_s(pause) * SECOND)
        else:
            del self._open[op.actor]

    def _is_otherwise_well(self, node: Node) -> bool:
        """A keepalive that goes to a silent member of etcd first may come too late."""
        is_etcd_well = not (self.truth.etcd.troubles or node.silent)
        return node.runs and is_etcd_well and node.held_up <= {"paused"} and not node.term

    def _watched_s(self, pause: Pause) -> float:
        """
        For so long after the thaw it may take to come back, and must not leave again: (T + I + one read + w) x, and
        for each member of etcd that is silent to somebody as with every bound.
        """
        bounds = self.truth.bounds
        return pause.ttl_s * bounds.scale + bounds.fresh_s + pause.moving_on_s

    # What comes of it

    def on_put(self, op: Op) -> None:
        self._event(op)

    def on_delete(self, op: Op) -> None:
        self._event(op)

    def _event(self, op: Op) -> None:
        for name, pause in list(self._open.items()):
            if op.value["key"] == f"{self.truth.log.registered}{pause.id}":
                del self._open[name]
            elif op.value["key"] == f"{self.truth.log.alive}{pause.id}":
                pause.events.setdefault(op.value["revision"], op)

    def on_keepalive(self, op: Op) -> None:
        pause = self._open.get(op.actor)
        if pause is None or op.type != "ok" or op.value["lease"] != pause.lease:
            self._answered(op)
        elif op.value["sent_ns"] <= pause.stopped.time_ns:
            pause.sent_ns = max(pause.sent_ns, op.value["sent_ns"])
        else:
            self._answered(op, is_kept=pause.thawed is not None and op.value["sent_ns"] > pause.thawed.time_ns)

    def on_grant(self, op: Op) -> None:
        self._answered(op)

    def on_fence(self, op: Op) -> None:
        self._answered(op)

    def on_lease_lost(self, op: Op) -> None:
        self._answered(op)

    def _answered(self, op: Op, *, is_kept: bool = False) -> None:
        """The first that it says of its lease after the thaw decides whether it still had it."""
        pause = self._open.get(op.actor)
        if pause and pause.thawed and pause.is_kept is None:
            pause.is_kept = is_kept

    # What else may befall it

    def on_sample_ok(self, op: Op) -> None:
        """Once it answers again it should go on: whom the machine held up may lose its lease once more."""
        pause = self._open.get(op.actor)
        if pause is None or pause.thawed is None:
            return
        if pause.heard_ns and self.truth.nodes.node(op.actor).disturbed_ns == op.time_ns:
            self._close(op.actor, pause.heard_ns)
        pause.awoken_ns, pause.heard_ns = min(pause.awoken_ns, op.time_ns), op.time_ns

    def on_exit(self, op: Op) -> None:
        self._close(op.actor, op.time_ns)

    def on_removed(self, op: Op) -> None:
        self._open.pop(op.actor, None)

    def on_fault(self, op: Op) -> None:
        """A cut befalls who loses etcd by it, and etcd where its members lose each other."""
        etcd, cuts = frozenset(self.plan.etcd.members), op.value.get("cuts", ())
        links = touching(etcd, cuts)
        hit = frozenset[str]().union(*links) if cuts else frozenset(op.value["targets"])
        is_etcd_hit = any(etcd.issuperset(link) for link in links) if cuts else not hit.isdisjoint(etcd)
        for name in [name for name in self._open if name in hit or is_etcd_hit]:
            if op.type == "invoke":
                self._close(name, op.time_ns)

    def on_leader(self, op: Op) -> None:
        self._close_all(op)

    def on_reach(self, op: Op) -> None:
        if self._open and (self.truth.etcd.troubles or self.truth.etcd.ready_ns == op.time_ns):
            self._close_all(op)

    def on_phase(self, op: Op) -> None:
        if op.value["phase"] == "stop":
            self._close_all(op)

    def _close_all(self, op: Op) -> None:
        for name in list(self._open):
            self._close(name, op.time_ns)

    def _close(self, name: str, end_ns: int) -> None:
        """What happens from then on is not the pause's doing; one that was not over yet can't be judged."""
        pause = self._open.pop(name, None)
        if pause and pause.thawed:
            pause.end_ns = min(pause.end_ns, end_ns)
            self._closed.append(pause)

    # What to make of it

    def verdict(self) -> Verdict:
        missing = self.truth.log.problem()
        for pause in self._closed if not missing else ():
            self._judge(pause)
        judged = self._short + self._long
        return self.answer(
            f"{counted(judged, 'pause')}, {self._short} short, {self._long} longer than the lease",
            missing or ("" if judged else "no pause was short or long enough with nothing else in it"),
            short=self._short,
            long=self._long,
            unexamined=self._pauses - judged,
        )

    def _judge(self, pause: Pause) -> None:
        if pause.thawed is None:
            return
        story, bounds = pause.story, self.truth.bounds
        from_ns, to_ns = pause.stopped.time_ns, pause.thawed.time_ns
        stalled_s = bounds.stalled_s(from_ns, pause.end_ns)
        left_s = pause.ttl_s - (to_ns - pause.sent_ns) / SECOND
        is_watched = pause.end_ns >= to_ns + int(self._watched_s(pause) * SECOND)
        if (to_ns - from_ns) / SECOND >= bounds.leaves_s(pause.ttl_s) + stalled_s:
            if story != "d" or is_watched:
                self._long += 1
                self._hold(pause, story == "dp", "one leave and one return")
        elif pause.is_kept or (left_s >= _SHORT * pause.ttl_s and not stalled_s and self._is_awake(pause)):
            self._short += 1
            self._hold(pause, not story, "no change")

    def _is_awake(self, pause: Pause) -> bool:
        """Whether the machine let it run again soon after the thaw."""
        soon_ns = int(SILENCE_S * self.truth.bounds.scale * SECOND)
        return pause.thawed is not None and pause.awoken_ns <= pause.thawed.time_ns + soon_ns

    def _hold(self, pause: Pause, is_right: bool, wanted: str) -> None:
        if is_right or pause.thawed is None:
            return
        at, who = self.truth.at, self.truth.who(pause.id)
        events = [pause.events[revision] for revision in sorted(pause.events)]
        told = [f"{op.f} at revision {op.value['revision']} ({at(op.time_ns)})" for op in events]
        paused_s = (pause.thawed.time_ns - pause.stopped.time_ns) / SECOND
        kept = f", and etcd renewed its lease of {pause.ttl_s:g} s afterwards" if pause.is_kept else ""
        self.violated(
            f"{who} was paused from {at(pause.stopped.time_ns)} for {paused_s:.2f} s, {pause.ttl_s:g} s being its "
            f"lease{kept}: etcd's log should have {wanted} of its alive key, and has {', '.join(told) or 'none'}",
            pause.stopped,
            pause.thawed,
            *events,
        )
