"""Invariants of change: neither a member nor a key goes anywhere without a cause."""

from bisect import bisect_right
from typing import NamedTuple

from harness.checks.contents import Content
from harness.checks.invariant import Invariant
from harness.checks.owners import REMEMBERED
from harness.checks.planned import ring_changes
from harness.checks.rings import OfRoutes
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted, too_few
from harness.core.history import Op
from harness.core.plan import Plan


class KeysMoveOnlyWithMembers(OfRoutes):
    """
    Holds between any two memberships of a consistent-hash ring, however many changed at once, and whatever its hash:
    so it is judged without building a ring, between one answer of a client for a key and its next.
    """

    name = "keys-move-only-with-members"
    id = "R8"
    says = "a key has another owner only if its last one left the ring, or the new one joined it"
    needs = "no client tells the revisions of its views, or no worker comes or goes for long enough to be seen"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._last: dict[tuple[str, str], tuple[Op, Content]] = {}
        self._compared = self._moved = 0

    @staticmethod
    def applies(plan: Plan) -> bool:
        return bool(plan.own_clients) and ring_changes(plan)

    def route(self, op: Op, views: tuple[Content, ...]) -> None:
        """A client that showed two views at one revision, or an owner outside of them, is the business of others."""
        on, value, place = views[0], op.value, (op.actor, op.value["key"])
        if len(views) > 1 or value["owner"] not in on.on_ring:
            return
        last = self._last.get(place)
        if last is None and len(self._last) >= REMEMBERED:
            return
        if last and (last[1] is not on or last[0].value["owner"] != value["owner"]):
            self._compare(*last, op, on)
        self._last[place] = op, on

    def _compare(self, last: Op, before: Content, op: Op, after: Content) -> None:
        self._compared += before.on_ring is not after.on_ring
        one, other = last.value["owner"], op.value["owner"]
        if one == other:
            return
        self._moved += 1
        if one in after.on_ring and other in before.on_ring:
            self.violated(
                f"{self.routed(last)} at {self.seen_at(last)} and {self.truth.who(other)} at {self.seen_at(op)}, "
                "and both were on the ring both times",
                last,
                op,
            )

    def verdict(self) -> Verdict:
        return self.answer(
            f"{counted(self._compared, 'owner')} before and after a change of members, {self._moved} moved",
            self.unrouted or ("" if self._compared else "no client was asked for a key before and after a change"),
            compared=self._compared,
            moved=self._moved,
            routes=self._routes,
        )


class _Shown(NamedTuple):
    """What a process showed; `op` is its latest view with those members."""

    op: Op
    pid: int
    revision: int
    members: frozenset[str]


class NoRingChangeWithoutCause(Invariant):
    """
    A view with other members than the one before needs, for each that came or went, a write to that member's keys
    between the two revisions. So flapping needs a cause each time, and a change at one revision has none at all.
    """

    name = "no-ring-change-without-cause"
    id = "R12"
    says = "a member comes or goes in a view only if etcd's record of it was written between the view's revisions"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._shown: dict[str, _Shown] = {}
        self._changes: list[tuple[_Shown, _Shown]] = []
        self._told_again: set[str] = set()

    def on_sample_ok(self, op: Op) -> None:
        """Views are recorded where they are new; a sample with a revision tells that one again."""
        shown = self._shown.get(op.actor)
        if shown and shown.pid == op.value["pid"] and op.value["revision"] is not None:
            self._told_again.add(op.actor)

    def on_view(self, op: Op) -> None:
        last = self._shown.get(op.actor)
        members = self.truth.contents.of(op.value).on_ring
        now = self._shown[op.actor] = _Shown(op, op.value["pid"], op.value["revision"], members)
        if last and last.pid == now.pid:
            self._told_again.add(op.actor)
            if last.members != members:
                self._changes.append((last, now))

    def verdict(self) -> Verdict:
        log = self.truth.log
        missing, written, judged = log.problem(), log.changes(), 0
        for before, after in self._changes if not missing else ():
            revisions = sorted((before.revision, after.revision))
            if log.first_revision <= revisions[0] and revisions[1] <= log.last_revision:
                judged += 1
                self._compare(before, after, written)
        return self.answer(
            f"{counted(judged, 'change')} in the views of {counted(len(self._told_again), 'observer')}",
            missing
            or ("" if self._told_again else "no process told its view twice")
            or too_few(judged, len(self._changes), "changes are between revisions that the log covers"),
            changes=judged,
            unexamined=len(self._changes) - judged,
            observers=len(self._told_again),
        )

    def _compare(self, before: _Shown, after: _Shown, written: dict[str, list[int]]) -> None:
        from_revision, to_revision = sorted((before.revision, after.revision))
        for id in sorted(before.members ^ after.members):
            keys = (f"{prefix}{id}" for prefix in (self.truth.log.alive, self.truth.log.registered))
            is_written = any(_any_within(written.get(key, []), from_revision, to_revision) for key in keys)
            if not is_written and not self._changed(id, from_revision, to_revision):
                self._told(id, before, after)

    def _changed(self, id: str, *revisions: int) -> bool:
        """Whether it came or went by a record that stands under another's key."""
        return len({id in self.truth.contents.of(view.content).on_ring for view in self.truth.log.views(revisions)}) > 1

    def _told(self, id: str, before: _Shown, after: _Shown) -> None:
        went, whose = "left" if id in before.members else "joined", f"{after.op.actor}'s ring"
        first, second = (f"revision {one.revision} ({self.truth.at(one.op.time_ns)})" for one in (before, after))
        self.violated(
            f"{self.truth.who(id)} {went} {whose} between {first} and {second}; "
            "etcd's record of it was not written in between",
            before.op,
            after.op,
        )


def _any_within(revisions: list[int], after: int, until: int) -> bool:
    """Whether one of the ascending revisions is above the first bound and not above the second."""
    return bisect_right(revisions, after) < bisect_right(revisions, until)
