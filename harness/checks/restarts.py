"""What a restart must leave as it was: who a worker is, which pages it has, and who owns a key."""

from collections.abc import Iterator

from harness.checks.contents import Content
from harness.checks.kept_pages import KeptPages
from harness.checks.owners import REMEMBERED
from harness.checks.planned import anyone_starts_again, files_read_again, owners_asked_before, workers_start_again
from harness.checks.rings import OfRoutes
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted
from harness.core.history import Op
from harness.core.plan import Plan

_SURE = 10
"""Where chance gives so many on average, one run in 22,000 has none: then it is missed, and else just not seen."""


class RestartMovesNothing(OfRoutes):
    """
    Three things must survive a restart: the node's identity, its cached pages, and every owner wherever the members are
    the same as before.

    Owners are compared within one client, so that two clients that disagree are not taken for a restart's doing.
    """

    name = "restart-moves-nothing"
    id = "R9"
    says = (
        "a restarted worker has its identity and its cached pages of before, and with equal members every key has its "
        "owner of before"
    )
    needs = "nobody is started again"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._owners: dict[tuple[str, frozenset[str], str], Op] = {}
        self._identities: dict[str, Op] = {}
        self._restarts = self._compared = 0
        self._pages = KeptPages(plan, truth)

    @staticmethod
    def applies(plan: Plan) -> bool:
        return anyone_starts_again(plan)

    def on_sample_ok(self, op: Op) -> None:
        if op.value.get("id") and self.truth.nodes.node(op.actor).process:
            self._identified(op)

    def on_register_ok(self, op: Op) -> None:
        self._identified(op)

    def on_uncached(self, op: Op) -> None:
        self._pages.on_uncached(op)

    def on_read(self, op: Op) -> None:
        if lost := self._pages.lost_at(op):
            self.violated(
                f"{lost.name} had {op.value['key']} cached at {self.truth.at(lost.before.time_ns)}, and {lost.misses} "
                f"of its pages no more after its restart at {self.truth.at(lost.restart.time_ns)}",
                lost.before,
                lost.restart,
                op,
            )

    def _identified(self, op: Op) -> None:
        """By incarnation, which a `register` op does not tell: the process that runs now is meant."""
        before = self._identities.get(op.actor)
        self._identities[op.actor] = op
        process = self.truth.nodes.node(op.actor).process
        if before is None or process is None or before.time_ns >= process.start.time_ns:
            return
        self._restarts += 1
        if before.value["id"] != op.value["id"]:
            self.violated(
                f"{op.actor} was {before.value['id']} until its restart at {self.truth.at(process.start.time_ns)}, and "
                f"is {op.value['id']} since ({self.truth.at(op.time_ns)})",
                before,
                process.start,
                op,
            )

    def route(self, op: Op, views: tuple[Content, ...]) -> None:
        place = op.actor, views[-1].on_ring, op.value["key"]
        known = self._owners.get(place)
        if known is None:
            if len(self._owners) < REMEMBERED:
                self._owners[place] = op
        elif known.time_ns < self.truth.nodes.restarted_ns < op.time_ns:
            self._compared += 1
            if known.value["owner"] != op.value["owner"]:
                self._moved(known, op)
            self._owners[place] = op

    def _moved(self, before: Op, after: Op) -> None:
        self.violated(
            f"{self.routed(before)} at {self.seen_at(before)} and {self.truth.who(after.value['owner'])} at "
            f"{self.seen_at(after)}, with the same members and nothing but a restart in between",
            before,
            after,
        )

    def verdict(self) -> Verdict:
        return self.answer(
            f"{counted(self._restarts, 'restart')} of workers, {counted(self._compared, 'owner')} and "
            f"{counted(self._pages.compared, 'cached file')} before and after one",
            "; ".join(self._missing()),
            restarts=self._restarts,
            owners_compared=self._compared,
            files_compared=self._pages.compared,
            owners_remembered=len(self._owners),
        )

    def _missing(self) -> Iterator[str]:
        """Each part that the plan should have shown."""
        if not (self._restarts or self._compared or self._pages.compared):
            yield "no node was seen again after a restart"
            return
        if not self._restarts and workers_start_again(self.plan):
            yield "no worker told its identity before and after a restart"
        if not self._compared and owners_asked_before(self.plan) >= _SURE:
            yield "no client was asked for a key before and after a restart, with equal members"
        if not self._pages.compared and self._pages.are_kept and files_read_again(self.plan) >= _SURE:
            yield "no worker was asked for a file that it had cached before its restart"
