"""The invariant of the end: all views come to agree with etcd, and etcd with the workers that run."""

from dataclasses import dataclass

from harness.checks.bounds import SECOND
from harness.checks.contents import Content, Seen, differences
from harness.checks.invariant import Invariant
from harness.checks.nodes import Node
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict
from harness.core.history import Op
from harness.core.plan import Plan


@dataclass(frozen=True)
class _End:
    """
    How things stood when etcd's last snapshot was taken: who disagreed with it, who could not be asked; which workers
    ran and were not online in etcd (`absent`), and which identities were online there and nobody's (`ghosts`).
    """

    snapshot: Op
    held: Content
    compared: int
    dissent: tuple[tuple[str, Seen | None], ...]
    absent: tuple[Node, ...]
    ghosts: tuple[str, ...]
    unasked: tuple[str, ...]
    agreed_ns: int
    changed_ns: int
    is_calm: bool
    """Whether etcd had last changed, or been in trouble, long enough before for everybody to have seen it."""


class ViewsAgreeInTheEnd(Invariant):
    name = "views-agree-in-the-end"
    id = "W8"
    says = "after the last heal all views come to agree with etcd in time, and show just the workers that run as online"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._end: _End | None = None
        self._changed_ns = 0

    def on_put(self, op: Op) -> None:
        self._changed_ns = op.time_ns

    def on_delete(self, op: Op) -> None:
        self._changed_ns = op.time_ns

    def on_snapshot(self, op: Op) -> None:
        healed = self.truth.phases.healed
        if healed is None or self.truth.phases.is_stopping:
            return
        held = self.truth.contents.of(self.truth.log.last_view().content)
        nodes = [node for node in self.truth.nodes.of.values() if self._is_expected(node)]
        asked = [node for node in nodes if not node.held_up and self._has_spoken(node, held, healed)]
        self._end = _End(
            op,
            held,
            len(asked),
            tuple((node.name, node.view) for node in asked if node.view is None or node.view.content is not held),
            tuple(node for node in asked if self._is_absent(node, held, healed)),
            tuple(sorted(held.online.keys() - {node.id for node in self.truth.nodes.of.values() if node.runs})),
            tuple(node.name for node in nodes if node not in asked),
            max((node.content_since_ns for node in asked), default=0),
            self._changed_ns,
            op.time_ns - max(self._changed_ns, self.truth.etcd.ready_ns) > self.truth.bounds.fresh_s * SECOND,
        )

    def _has_spoken(self, node: Node, held: Content, healed: Op) -> bool:
        """A view that is right already needs no answer after the heal."""
        agrees = node.view is not None and node.view.content is held
        return agrees or (node.answered is not None and node.answered.time_ns > healed.time_ns)

    def _is_absent(self, node: Node, held: Content, healed: Op) -> bool:
        has_answered = node.answered is not None and node.answered.time_ns > healed.time_ns
        return node.name in self.truth.nodes.workers and has_answered and node.id not in held.online

    def _is_expected(self, node: Node) -> bool:
        """A process that was removed is no member: where it goes on, other invariants say so."""
        if (
            not node.runs
            or self.truth.removals.is_outcast(node.process)
            or node.name not in (*self.plan.workers, *self.plan.joiners, *self.plan.own_clients)
        ):
            return False
        return node.answered is None or node.answered.value["state"] not in ("removed", "stopping")

    def verdict(self) -> Verdict:
        end, healed, allowed_s = self._end, self.truth.phases.healed, self.truth.bounds.settle_s
        if healed is None or end is None:
            return self.answer(
                "no view compared", "the run did not get as far as a snapshot of etcd after its last heal"
            )
        took_s = max(0.0, (max(end.agreed_ns, end.changed_ns) - healed.time_ns) / SECOND)
        elapsed_s = (end.snapshot.time_ns - healed.time_ns) / SECOND
        if elapsed_s >= allowed_s + self.truth.bounds.stalled_s(healed.time_ns, end.snapshot.time_ns) and end.is_calm:
            self._tell(end, elapsed_s)
        is_settled = not (end.dissent or end.absent or end.ghosts)
        return self.answer(
            self._summary(end, took_s, is_settled),
            self._missing(end, elapsed_s),
            nodes=end.compared,
            dissenters=len(end.dissent),
            absent=len(end.absent),
            ghosts=len(end.ghosts),
            took_s=round(took_s, 3) if is_settled else None,
            allowed_s=allowed_s,
        )

    def _summary(self, end: _End, took_s: float, is_settled: bool) -> str:
        ghosts = f", {len(end.ghosts)} online that nobody is"
        if not end.compared:
            return "no view compared" + (ghosts if end.ghosts else "")
        if is_settled:
            allowed_s = self.truth.bounds.settle_s
            return f"{end.compared} nodes agree {took_s:.2f} s after the last heal, {allowed_s:g} s are allowed"
        return f"{len(end.dissent)} of {end.compared} nodes disagree, {len(end.absent)} not online{ghosts}"

    def _missing(self, end: _End, elapsed_s: float) -> str:
        if end.unasked:
            return f"{', '.join(end.unasked)} could not be asked, or healed, before the end"
        unsettled = [name for name, _ in end.dissent] + [node.name for node in end.absent]
        unsettled += [self.truth.who(ghost) for ghost in end.ghosts]
        if unsettled:
            names = ", ".join(dict.fromkeys(unsettled))
            return f"{names} did not agree with etcd yet when settling ended, {elapsed_s:.2f} s after the last heal"
        return "" if end.compared else "no node that has a view was running at the end"

    def _tell(self, end: _End, elapsed_s: float) -> None:
        revision, later = end.snapshot.value["revision"], f"{elapsed_s:.2f} s after the last heal"
        for name, seen in end.dissent:
            self._told(name, seen, end, elapsed_s)
        for node in end.absent:
            state = node.answered.value["state"] if node.answered else "silent"
            text = f"{node.name} runs and is not online at revision {revision}; it says that it is {state}, {later}"
            self.violated(text, node.process.start if node.process else None, node.answered, end.snapshot)
        for ghost in end.ghosts:
            who = self.truth.who(ghost)
            self.violated(f"{who} is online at revision {revision}, and no such worker runs, {later}", end.snapshot)

    def _told(self, name: str, seen: Seen | None, end: _End, elapsed_s: float) -> None:
        revision = end.snapshot.value["revision"]
        if seen is None:
            text = f"{name} has no view"
        else:
            shown, true = differences(seen.content, end.held, self.truth.who)
            text = f"{name} has {shown} at revision {seen.revision}, etcd has {true} at revision {revision}"
        self.violated(f"{text}, {elapsed_s:.2f} s after the last heal", seen.op if seen else None, end.snapshot)
