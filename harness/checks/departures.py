"""The invariant of workers that are gone: nobody goes on believing in them."""

from dataclasses import dataclass, field

from harness.checks.bounds import NEVER, SECOND, Bounds
from harness.checks.contents import Content
from harness.checks.invariant import Invariant
from harness.checks.nodes import Gone, Node
from harness.checks.planned import anyone_gone_for, members_silent_at_once, ttl_s
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted
from harness.core.history import Op
from harness.core.plan import Plan

_SHOWS_MEMBERS = ("online", "ready")
"""States of workers and clients that are expected to know who is online."""
_REFRESH_NS = SECOND // 20


@dataclass(eq=False)
class Departure:
    """What became of a worker that is gone; `base_ns` is the latest moment at which etcd may have renewed its lease."""

    gone: Gone
    id: str
    ttl_s: float
    base_ns: int
    due_ns: int = 0
    judged: bool = False
    slowest_s: float | None = None
    told: set[str] = field(default_factory=set)

    def seen(self, time_ns: int) -> None:
        """Somebody shows it until then, or does so still."""
        self.judged = True
        self.slowest_s = max(self.slowest_s or 0.0, (time_ns - self.base_ns) / SECOND)


class GoneWorkerLeavesViews(Invariant):
    """
    A view holds from its op to the next one of that process; a sample proves that it still does, if it tells the same
    revision. It is judged where the sample was asked after the worker was due, and the observer itself not held up.
    """

    name = "gone-worker-leaves-views"
    id = "M6"
    says = "a worker that can keep its lease no longer is online in nobody's view after the bound"
    needs = "no worker is ended, paused or cut off for long enough while others reach etcd"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._departures: dict[Gone, Departure] = {}
        self._shown: dict[str, Content] = {}
        self._late: dict[Content, tuple[Departure, ...]] = {}
        self._due: tuple[Departure, ...] = ()
        self._refreshed_ns = 0

    @staticmethod
    def applies(plan: Plan) -> bool:
        bounds = Bounds(plan)
        late_s = members_silent_at_once(plan) * bounds.move_on_s
        return anyone_gone_for(plan, (bounds.leaves_s(ttl_s(plan)) + late_s) / plan.time_scale)

    def on_view(self, op: Op) -> None:
        """Who leaves a view is seen here, whether it was due or not."""
        before, node = self._shown.get(op.actor), self.truth.nodes.node(op.actor)
        now = node.view.content if node.view else None
        if now is None or now is before:
            return
        self._shown[op.actor] = now
        if before and not self.truth.phases.is_stopping:
            for departure in self._open():
                if departure.id in before.online and departure.id not in now.online:
                    self._left(departure, node, op)

    def on_sample_ok(self, op: Op) -> None:
        if not (self.truth.nodes.gone or self._due):
            return
        node = self.truth.nodes.node(op.actor)
        if self.truth.phases.is_stopping or not self._is_judged(node, op):
            return
        self._refresh(op.value["sent_ns"])
        for departure in self._late_in(node):
            if op.actor not in departure.told and departure.gone.name != op.actor:
                self._told(departure, node, op)

    def _is_judged(self, node: Node, op: Op) -> bool:
        view = node.view
        if view is None or view.revision != op.value["revision"] or view.op.value["pid"] != op.value["pid"]:
            return False
        return op.value["state"] in _SHOWS_MEMBERS and op.value["sent_ns"] > node.ready_from()

    def _refresh(self, now_ns: int) -> None:
        """Find out who is due by now; with many gone that is no work for every sample."""
        if now_ns < self._refreshed_ns + _REFRESH_NS:
            return
        self._refreshed_ns = now_ns
        due = tuple(departure for departure in self._open() if self._due_ns(departure, now_ns) < now_ns)
        for departure in due:
            departure.judged = True
        if due != self._due:
            self._due = due
            self._late.clear()

    def _open(self) -> list[Departure]:
        gone = self.truth.nodes.gone.values()
        for one in gone:
            if one not in self._departures:
                node, lease = self.truth.nodes.node(one.name), self.truth.leases.held.get(one.name)
                if node.id:
                    ttl = lease.ttl_s if lease else ttl_s(self.plan)
                    self._departures[one] = Departure(one, node.id, ttl, one.since_ns)
        return [self._departures[one] for one in gone if one in self._departures]

    def _due_ns(self, departure: Departure, now_ns: int) -> int:
        """The base moves on when the lease may have been renewed nevertheless, and when etcd could not serve."""
        truth, bounds = self.truth, self.truth.bounds
        if truth.etcd.troubles:
            return NEVER
        acked_ns, echo_ns = truth.leases.acked_ns.get(departure.id, 0), truth.nodes.node(departure.gone.name).echo_ns
        base_ns, reset_s = max(departure.base_ns, acked_ns, echo_ns), 0.0
        if truth.etcd.ready_ns >= departure.gone.since_ns:
            base_ns, reset_s = max(base_ns, truth.etcd.ready_ns), bounds.reset_s
        departure.base_ns = base_ns
        allowed_s = (
            bounds.leaves_s(departure.ttl_s) + reset_s + truth.nodes.moving_on_s + bounds.stalled_s(base_ns, now_ns)
        )
        departure.due_ns = base_ns + int(allowed_s * SECOND)
        return departure.due_ns

    def _late_in(self, node: Node) -> tuple[Departure, ...]:
        """Those due who are online in the node's view; worked out once for all who have that view."""
        content = node.view.content if node.view else None
        if content is None or not self._due:
            return ()
        if content not in self._late:
            self._late[content] = tuple(departure for departure in self._due if departure.id in content.online)
        return self._late[content]

    def _left(self, departure: Departure, node: Node, op: Op) -> None:
        if node.ready_from() < op.time_ns and departure.gone.name != node.name:
            departure.seen(op.time_ns)

    def _told(self, departure: Departure, node: Node, op: Op) -> None:
        at, gone, view, sent_ns = self.truth.at, departure.gone, node.view, op.value["sent_ns"]
        if self.truth.nodes.gone.get(gone.name) is not gone or self._due_ns(departure, sent_ns) >= sent_ns:
            return
        departure.told.add(op.actor)
        departure.seen(sent_ns)
        late_s, allowed_s = ((t - departure.base_ns) / SECOND for t in (sent_ns, departure.due_ns))
        self.violated(
            f"{node.name} still shows {self.truth.who(departure.id)} online at {at(op.time_ns)}, at revision "
            f"{op.value['revision']}; {gone.name} {gone.why} at {at(gone.since_ns)} and can have renewed its lease at "
            f"{at(departure.base_ns)} at the latest, {late_s:.2f} s before; {allowed_s:.2f} s are allowed",
            gone.op,
            view.op if view else None,
            op,
        )

    def verdict(self) -> Verdict:
        departures = [departure for departure in self._departures.values() if departure.judged]
        allowed_s = max((self.truth.bounds.leaves_s(one.ttl_s) for one in departures), default=0.0)
        slowest_s = max((one.slowest_s for one in departures if one.slowest_s is not None), default=None)
        slowest = "none late" if slowest_s is None else f"slowest {slowest_s:.2f} s of {allowed_s:.2f} s allowed"
        return self.answer(
            counted(len(departures), "departure") + (f", {slowest}" if departures else ""),
            "" if departures else "no worker was gone for long enough while anybody could be asked",
            departures=len(departures),
            unjudged=len(self._departures) - len(departures),
            slowest_s=None if slowest_s is None else round(slowest_s, 3),
            allowed_s=round(allowed_s, 3),
        )
