"""Invariants of what views make of etcd's log: nothing that happened is lost on them, and nothing that stands there."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from harness.checks.contents import Content, changes
from harness.checks.invariant import Invariant
from harness.checks.log import Event
from harness.checks.planned import membership_changes, spoils_keys
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted, too_few
from harness.core.entity import decode
from harness.core.few import few
from harness.core.history import Op
from harness.core.membership import bytes_of
from harness.core.plan import Plan
from harness.errors import EntityError

_TOLD = 3


class _Stride(NamedTuple):
    """From one view of a process to its next at a newer revision."""

    first: Op
    before: Content
    then: Op
    after: Content

    @property
    def revisions(self) -> tuple[int, int]:
        return int(self.first.value["revision"]), int(self.then.value["revision"])


class NoWatchGap(Invariant):
    name = "no-watch-gap"
    id = "W4"
    says = "from one view of a process to its next, exactly that has changed which etcd's log has between the two"
    needs = "nothing planned changes the members while somebody sees it"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._last: dict[tuple[str, int, int], tuple[Op, Content]] = {}
        self._strides: dict[tuple[int, Content, int, Content], _Stride] = {}

    @staticmethod
    def applies(plan: Plan) -> bool:
        return membership_changes(plan)

    def on_view(self, op: Op) -> None:
        process, content = (op.actor, op.value["pid"], op.value["incarnation"]), self.truth.contents.of(op.value)
        if process in self._last:
            first, before = self._last[process]
            since, until = first.value["revision"], op.value["revision"]
            if since < until:
                self._strides.setdefault((since, before, until, content), _Stride(first, before, op, content))
        self._last[process] = op, content

    def verdict(self) -> Verdict:
        log, missing = self.truth.log, self.truth.log.problem()
        covered = [] if missing else [stride for stride in self._strides.values() if self._is_covered(stride)]
        revisions = sorted({revision for stride in covered for revision in stride.revisions})
        held = {
            revision: self.truth.contents.of(view.content)
            for revision, view in zip(revisions, log.views(revisions), strict=True)
        }
        for stride in covered:
            since, until = stride.revisions
            self._compare(stride, held[since], held[until])
        return self.answer(
            f"{counted(len(covered), 'stride')} between {counted(len(revisions), 'revision')}",
            missing
            or ("" if self._strides else "no process was seen with one view and then with a newer one")
            or too_few(len(covered), len(self._strides), "strides are between revisions that the log covers"),
            strides=len(covered),
            unexamined=len(self._strides) - len(covered),
            revisions=len(revisions),
        )

    def _is_covered(self, stride: _Stride) -> bool:
        since, until = stride.revisions
        return self.truth.log.first_revision <= since and until <= self.truth.log.last_revision

    def _compare(self, stride: _Stride, held_before: Content, held_after: Content) -> None:
        if stride.before is held_before and stride.after is held_after:
            return
        shown = changes(stride.before, stride.after, self.truth.who)
        true = changes(held_before, held_after, self.truth.who)
        if shown != true:
            since, until = stride.revisions
            self.violated(
                f"from revision {since} to {until} (by {self.truth.at(stride.then.time_ns)}) "
                f"{stride.first.actor} saw {_listed(shown - true)} that etcd's log does not have, "
                f"and missed {_listed(true - shown)}",
                stride.first,
                stride.then,
            )


class BadValuesAreCounted(Invariant):
    """
    Counted key by key, without the code that makes a view: of the registered keys each stands behind one member or is
    rejected, of the alive keys each behind one online member, or it is rejected, or of an identity that is no member.
    """

    name = "bad-values-are-counted"
    id = "M11"
    says = "every key under the cluster's prefixes stands behind a member of the view, or is rejected there by name"
    needs = "no bad value is planned"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._seen: dict[int, dict[Content, Op]] = {}

    @staticmethod
    def applies(plan: Plan) -> bool:
        return spoils_keys(plan)

    def on_view(self, op: Op) -> None:
        self._seen.setdefault(op.value["revision"], {}).setdefault(self.truth.contents.of(op.value), op)

    def verdict(self) -> Verdict:
        log, missing = self.truth.log, self.truth.log.problem()
        known = [r for r in sorted(self._seen) if log.first_revision <= r <= log.last_revision and not missing]
        seen, views, bad_views = sum(map(len, self._seen.values())), 0, 0
        for revision, keys, held in zip(known, log.states(known), log.views(known), strict=True):
            for content, op in self._seen[revision].items():
                views += 1
                bad_views += bool(held.rejected)
                self._compare(op, content, keys)
        return self.answer(
            f"{counted(views, 'different view')}, {bad_views} of them while a bad value stood",
            missing
            or ("" if bad_views else "no view was seen while a bad value stood in etcd")
            or too_few(views, seen, "different views are at revisions that the log covers"),
            views=views,
            unexamined=seen - views,
            bad_views=bad_views,
        )

    def _compare(self, op: Op, content: Content, keys: Mapping[str, Event]) -> None:
        dropped = [*self._dropped(content, keys)]
        if dropped:
            what = f"says nothing of {_listed(dropped)}, which etcd held"
        elif made_up := sorted(content.rejected - keys.keys()):
            what = f"rejects {_listed(made_up)}, which etcd did not hold"
        else:
            return
        self.violated(f"{op.actor}'s view at revision {op.value['revision']} {what}", op)

    def _dropped(self, content: Content, keys: Mapping[str, Event]) -> Iterator[str]:
        """The keys that nothing in the view stands for."""
        log, members = self.truth.log, {*content.online, *content.offline}
        for prefix, shown in ((log.registered, members), (log.alive, set(content.online))):
            left = set(shown)
            for key in sorted(key for key in keys if key.startswith(prefix) and key not in content.rejected):
                id = _identity(keys[key].text)
                if id in left:
                    left.discard(id)
                elif id is None or prefix == log.registered or id in members:
                    yield key


def _identity(text: str | None) -> str | None:
    """Whose record a value is; None where it can't be read."""
    try:
        return str(decode(bytes_of(text or "")).id)
    except EntityError:
        return None


def _listed(some: Iterable[str]) -> str:
    return few(sorted(some), _TOLD) or "nothing"
