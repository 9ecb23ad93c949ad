"""Invariants of views: each is what etcd held, they never go back, and in the end all agree."""

from dataclasses import dataclass

from harness.checks.bounds import SECOND
from harness.checks.contents import Content, Seen, differences
from harness.checks.invariant import Invariant
from harness.checks.nodes import Node
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted, too_few
from harness.core.history import Op
from harness.core.plan import Plan


class ViewsAreWhatEtcdHeld(Invariant):
    name = "views-are-what-etcd-held"
    id = "W1"
    says = "a view at a revision has exactly the members, states and addresses that etcd held at that revision"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._seen: dict[int, dict[Content, Op]] = {}
        self._views = 0

    def on_view(self, op: Op) -> None:
        self._views += 1
        self._seen.setdefault(op.value["revision"], {}).setdefault(self.truth.contents.of(op.value), op)

    def verdict(self) -> Verdict:
        log = self.truth.log
        missing = log.problem()
        known = [r for r in sorted(self._seen) if log.first_revision <= r <= log.last_revision and not missing]
        for revision, view in zip(known, log.views(known), strict=True):
            held = self.truth.contents.of(view.content)
            for content, op in self._seen[revision].items():
                if content is not held:
                    self._told(op, content, held)
        return self.answer(
            f"{counted(self._views, 'view')} at {counted(len(known), 'revision')}",
            missing
            or ("" if known else "no view was seen at a revision that the log covers")
            or too_few(len(known), len(self._seen), "revisions of views are among those that the log covers"),
            views=self._views,
            revisions=len(known),
            unexamined_revisions=len(self._seen) - len(known),
        )

    def _told(self, op: Op, content: Content, held: Content) -> None:
        shown, true = differences(content, held, self.truth.who)
        self.violated(
            f"{op.actor}'s view at revision {op.value['revision']} ({self.truth.at(op.time_ns)}) has {shown}; "
            f"etcd had {true}",
            op,
        )


class RevisionsNeverGoBack(Invariant):
    """Every sample tells the view's revision. Two samples that were under way at the same time are not compared."""

    name = "revisions-never-go-back"
    id = "W2"
    says = "the revision of a process's view never decreases"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._newest: dict[tuple[str, int, int], Op] = {}
        self._samples = 0

    def on_sample_ok(self, op: Op) -> None:
        if op.value["revision"] is None:
            return
        self._samples += 1
        process = op.actor, op.value["pid"], op.value["incarnation"]
        newest = self._newest.get(process)
        if newest is None or op.value["revision"] >= newest.value["revision"]:
            self._newest[process] = op
        elif op.value["sent_ns"] >= newest.time_ns:
            self.violated(
                f"{op.actor} (pid {op.value['pid']}) had a view at revision {newest.value['revision']} at "
                f"{self.truth.at(newest.time_ns)}, and one at revision {op.value['revision']} at "
                f"{self.truth.at(op.time_ns)}",
                newest,
                op,
            )

    def verdict(self) -> Verdict:
        enough = self._samples > len(self._newest)
        return self.answer(
            f"{counted(self._samples, 'sample')} of {counted(len(self._newest), 'incarnation')}",
            "" if enough else "no process told the revision of its view twice",
            samples=self._samples,
            incarnations=len(self._newest),
        )


class EqualRevisionsEqualViews(Invariant):
    name = "equal-revisions-equal-views"
    id = "W7"
    says = "two observers whose views are at one revision have the same members"
    needs = "there is but one observer"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._first: dict[int, tuple[Op, Content]] = {}
        self._shared: set[int] = set()
        self._observers: set[str] = set()
        self._views = 0

    @staticmethod
    def applies(plan: Plan) -> bool:
        return len(plan.workers) + len(plan.joiners) + len(plan.own_clients) > 1

    def on_view(self, op: Op) -> None:
        self._views += 1
        self._observers.add(op.actor)
        revision, content = op.value["revision"], self.truth.contents.of(op.value)
        first, agreed = self._first.setdefault(revision, (op, content))
        if first.actor != op.actor:
            self._shared.add(revision)
        if content is not agreed:
            one, other = differences(agreed, content, self.truth.who)
            self.violated(
                f"at revision {revision} {first.actor} has {one} ({self.truth.at(first.time_ns)}); "
                f"{op.actor} has {other} ({self.truth.at(op.time_ns)})",
                first,
                op,
            )

    def verdict(self) -> Verdict:
        return self.answer(
            f"{counted(self._views, 'view')} by {counted(len(self._observers), 'observer')}, "
            f"{counted(len(self._shared), 'revision')} seen by several",
            "" if self._shared else "no two observers were ever seen at one revision",
            views=self._views,
            shared_revisions=len(self._shared),
            observers=len(self._observers),
        )


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
