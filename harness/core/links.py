"""Directed links between nodes: a link is (source, target)."""

from collections.abc import Collection, Iterable, Sequence
from itertools import permutations

Link = tuple[str, str]
Cuts = tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
"""Directed cuts in short form: every name on the left of a pair loses its link to every name on the right."""
REST = ("rest",)
"""A group of all nodes that no other group names."""


def cuts_between(groups: Iterable[Iterable[str]], names: Iterable[str]) -> Cuts:
    """Every link between any two of the groups, both ways; `names` are all nodes."""
    return tuple(permutations(_members_of(groups, names), 2))


def cuts_from(sources: Iterable[str], targets: Iterable[str], names: Iterable[str]) -> Cuts:
    """Every link from one group to the other, that direction only; `names` are all nodes."""
    source, target = _members_of((sources, targets), names)
    return ((source, target),)


def cuts_around(targets: Sequence[str], names: Iterable[str]) -> Cuts:
    """Every link to and from each of the targets. No link stands in two of the pairs, so none is counted twice."""
    targets = tuple(targets)
    others = tuple(name for name in names if name not in targets)
    outside = ((targets, others), (others, targets)) if others else ()
    between = tuple(((one,), tuple(name for name in targets if name != one)) for one in targets)
    return outside + (between if len(targets) > 1 else ())


def _members_of(groups: Iterable[Iterable[str]], names: Iterable[str]) -> list[tuple[str, ...]]:
    found = [tuple(group) for group in groups]
    named = {name for group in found if group != REST for name in group}
    rest = tuple(name for name in names if name not in named)
    return [rest if group == REST else group for group in found]


def one_way(sources: Iterable[str], targets: Iterable[str]) -> frozenset[Link]:
    """Every link from one of `sources` to one of `targets`, that direction only."""
    targets = tuple(targets)
    return frozenset((a, b) for a in sources for b in targets if a != b)


def links_of(cuts: Iterable[tuple[Iterable[str], Iterable[str]]]) -> frozenset[Link]:
    """All links that are cut: every name on the left of a pair loses its link to every name on the right."""
    return frozenset(link for sources, targets in cuts for link in one_way(sources, targets))


def touching(names: Collection[str], cuts: Iterable[tuple[Collection[str], Collection[str]]]) -> frozenset[Link]:
    """
    Of the links that are cut, those to or from one of `names`.

    `cuts` are pairs: every name on the left loses its link to every name on the right.
    """
    names = set(names)
    return frozenset(
        (a, b)
        for sources, targets in cuts
        for a in sources
        for b in (targets if a in names else names.intersection(targets))
        if a != b
    )


def reverse(link: Link) -> Link:
    return link[1], link[0]
