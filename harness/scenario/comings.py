"""Workers that come and go by a plan: who is there when a step begins, and which steps name somebody who is not."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.core.lasting import is_for_good
from harness.core.plan import Step
from harness.scenario.draft import Draft, state_of
from harness.scenario.nodes import Nodes
from harness.scenario.timeline import Span, spans_of
from harness.scenario.tree import Path, Problem, Tree

JOIN, DECOMMISSION, KILL = "join", "decommission", "kill"
_NOBODY = ("nobody",)


def placed(drafts: Sequence[Draft], nodes: Nodes) -> list[Draft]:
    """With the names of those who join, and of all whom a step for everyone may find."""
    return [
        replace(one, targets=nodes.joining.get(one.index, nodes.every_worker if one.is_for_everyone else one.targets))
        for one in drafts
    ]


def spans_of_drafts(drafts: Sequence[Draft]) -> list[Span]:
    return spans_of([one.step(one.targets or _NOBODY, None) for one in drafts])


def here(span: Span, steps: Sequence[Step], spans: Sequence[Span], nodes: Nodes) -> list[str]:
    """The workers that joined before a step in the order of the plan, without those that were removed before it."""
    before = [step for step, other in zip(steps, spans, strict=True) if other.order < span.order]
    joined = {name for step in before if step.fault == JOIN for name in step.params["targets"]}
    removed = {name for step in before if step.fault == DECOMMISSION for name in step.params["targets"]}
    there = [*nodes.workers, *(name for name in nodes.joiners if name in joined)]
    return [name for name in there if name not in removed]


def left(span: Span, steps: Sequence[Step], spans: Sequence[Span], nodes: Nodes) -> list[str]:
    """Those of `here` that no step before has killed for good."""
    killed = {
        name
        for step, other in zip(steps, spans, strict=True)
        if other.order < span.order and step.fault == KILL and is_for_good(step)
        for name in step.params["targets"]
    }
    return [name for name in here(span, steps, spans, nodes) if name not in killed]


def coming_problems(drafts: Sequence[Draft], tree: Tree) -> Iterator[Problem]:
    """Of workers that a step names before they join, or after they were removed."""
    spans = spans_of_drafts(drafts)
    comings = [pair for pair in zip(drafts, spans, strict=True) if pair[0].fields.fault in (JOIN, DECOMMISSION)]
    for mine, span in zip(drafts, spans, strict=True):
        for theirs, other in comings:
            place = tree.at_value(("steps", theirs.index), "").where
            if theirs.fields.fault == DECOMMISSION and other.order < span.order:
                text = f"is removed by the decommission at {place}; name another"
                yield from _named(mine, theirs.targets, text, (*_targets(mine), *_awaited(mine)), tree)
            if theirs.fields.fault == JOIN and span.order < other.order:
                text = f"joins later, by the join at {place}; name another, or begin after it"
                yield from _named(mine, theirs.targets, text, _targets(mine), tree)


def _named(
    mine: Draft, whom: Sequence[str], text: str, places: Sequence[tuple[Path, str]], tree: Tree
) -> Iterator[Problem]:
    yield from (tree.at_value(path, f"{name} {text}") for path, name in places if name in whom)


def _targets(draft: Draft) -> list[tuple[Path, str]]:
    """The nodes that a step strikes, each with its place; who is there is no mistake of a step for everyone."""
    if draft.is_for_everyone or draft.newcomers:
        return []
    return [((*draft.path, index), name) for index, name in enumerate(draft.targets)]


def _awaited(draft: Draft) -> list[tuple[Path, str]]:
    """The nodes that a step waits for."""
    when = draft.fields.when
    state, whom = state_of(when) if when else ("online", None)
    path: Path = ("steps", draft.index, "when", state)
    return [((*path, index), name) for index, name in enumerate(whom if isinstance(whom, list) else ())]
