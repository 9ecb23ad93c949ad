"""Invariants of views: each is what etcd held, they never go back, and those at one revision are one."""

from harness.checks.contents import Content, differences
from harness.checks.invariant import Invariant
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
