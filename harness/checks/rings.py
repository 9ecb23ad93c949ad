"""Invariants of the ring: whom a client takes for the owner of a key, given the view it had."""

from abc import abstractmethod

from harness.checks.contents import Content
from harness.checks.invariant import Invariant
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted, too_few
from harness.core.history import Op
from harness.core.plan import Plan


class OfRoutes(Invariant):
    """Judges lookups and reads together with the views they were made with; of all at least half need one."""

    needs = "there are no clients that tell the revisions of their views"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        truth.routes.listeners.append(self.route)

    @staticmethod
    def applies(plan: Plan) -> bool:
        return bool(plan.own_clients)

    @abstractmethod
    def route(self, op: Op, views: tuple[Content, ...]) -> None:
        """Shown each lookup and read that succeeded, once the views are known that it was made with."""

    @property
    def _routes(self) -> int:
        return self.truth.routes.examined

    def routed(self, op: Op) -> str:
        return f"{op.actor} took {self.truth.who(op.value['owner'])} for the owner of {op.value['key']}"

    def seen_at(self, op: Op) -> str:
        return f"revision {op.value['revision']} ({self.truth.at(op.time_ns)})"

    @property
    def unrouted(self) -> str:
        if not self._routes:
            return "no lookup or read was made with a view that is known"
        unexamined = self.truth.routes.unexamined
        return too_few(self._routes, self._routes + unexamined, "lookups and reads were made with a view that is known")


class OwnerIsInTheView(OfRoutes):
    name = "owner-is-in-the-view"
    id = "R1"
    says = "the owner of a key is one of the ring's members in the view that the client used"

    def route(self, op: Op, views: tuple[Content, ...]) -> None:
        owner = op.value["owner"]
        if owner not in views[0].on_ring and not any(self._has(view, owner) for view in views):
            members = ", ".join(map(self.truth.who, views[-1].members)) or "nobody"
            self.violated(f"{self.routed(op)} at {self.seen_at(op)}; on the ring of that view there are {members}", op)

    def _has(self, view: Content, owner: str | None) -> bool:
        return owner in view.on_ring or (owner is None and not view.members)

    def verdict(self) -> Verdict:
        unexamined = self.truth.routes.unexamined
        return self.answer(
            f"{self._routes} lookups and reads", self.unrouted, routes=self._routes, unexamined=unexamined
        )


class OwnerIsTheRings(OfRoutes):
    name = "owner-is-the-rings"
    id = "R2"
    says = "the owner of a key is the one that the ring of the client's view gives, whoever computes it"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._views: set[Content] = set()

    def route(self, op: Op, views: tuple[Content, ...]) -> None:
        owner, right = op.value["owner"], None
        self._views.update(views)
        for view in views:
            right = self.truth.owners.of(view, op.value["key"]) if view.members else right
            if owner == right:
                return
        if right is not None and owner is not None:
            self.violated(
                f"{self.routed(op)} at {self.seen_at(op)}; on the ring of that view it is {self.truth.who(right)}", op
            )

    def verdict(self) -> Verdict:
        rings = sum(bool(view.members) for view in self._views)
        return self.answer(
            f"{self._routes} lookups and reads on {counted(rings, 'ring')}",
            self.unrouted,
            routes=self._routes,
            rings=rings,
            unexamined=self.truth.routes.unexamined,
        )


class NoOwnerFromAnEmptyView(OfRoutes):
    """
    What a client answers before it first says that it is ready is looked at most closely: an answer that it gave, and
    after that still had no view, came from nowhere. Revisions count from 1, so 0 and none are those of no view.
    """

    name = "no-owner-from-an-empty-view"
    id = "R14"
    says = "a client names an owner only from a view with somebody on the ring, and answers nothing without a view"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._ready: set[str] = set()
        self._begun: dict[str, set[int]] = {}
        self._early: dict[str, Op] = {}
        self._refused = 0

    def on_start(self, op: Op) -> None:
        """Of its own process nobody knows anything yet."""
        self._ready.discard(op.actor)
        self._begun[op.actor] = set()
        self._early.pop(op.actor, None)

    def on_lookup(self, op: Op) -> None:
        if op.actor in self.plan.guests:
            return
        if op.type == "ok" and not op.value["revision"] and op.value["owner"] is not None:
            self.violated(f"{self.routed(op)} at {self.truth.at(op.time_ns)}, from no view at all", op)
        elif op.actor not in self._ready and op.actor in self._begun:
            if op.type == "invoke":
                self._begun[op.actor].add(op.id)
            elif op.id in self._begun[op.actor]:
                self._refused += op.type == "fail"
                if op.type == "ok":
                    self._early.setdefault(op.actor, op)

    on_read = on_lookup

    def on_sample_ok(self, op: Op) -> None:
        if op.actor in self._ready:
            return
        if op.value["state"] == "ready":
            self._ready.add(op.actor)
        early = self._early.get(op.actor)
        if early and op.value["state"] == "no-view" and op.value["sent_ns"] > early.time_ns:
            del self._early[op.actor]
            self.violated(
                f"{self.routed(early)} at {self.truth.at(early.time_ns)}, and had no view yet at "
                f"{self.truth.at(op.time_ns)}",
                early,
                op,
            )

    def route(self, op: Op, views: tuple[Content, ...]) -> None:
        if not views[0].members and op.value["owner"] is not None and not any(view.members for view in views):
            self.violated(f"{self.routed(op)} at {self.seen_at(op)}, with nobody on the ring", op)

    def verdict(self) -> Verdict:
        return self.answer(
            f"{self._routes} lookups and reads, {self._refused} refused before a first view",
            self.unrouted,
            routes=self._routes,
            refused=self._refused,
            unexamined=self.truth.routes.unexamined,
        )
