"""Partitions as arithmetic: which directed links to cut so that groups cannot talk. A link is (source, target)."""

from collections.abc import Collection, Iterable

Link = tuple[str, str]


def between(groups: Collection[Collection[str]]) -> frozenset[Link]:
    """Every directed link that crosses from one group to another."""
    group_of = {name: index for index, group in enumerate(groups) for name in group}
    return frozenset((a, b) for a in group_of for b in group_of if group_of[a] != group_of[b])


def one_way(sources: Iterable[str], targets: Iterable[str]) -> frozenset[Link]:
    """Every link from one of `sources` to one of `targets`, that direction only."""
    targets = tuple(targets)
    return frozenset((a, b) for a in sources for b in targets if a != b)


def around(loners: Collection[str], everyone: Collection[str]) -> frozenset[Link]:
    """Every link to and from each of `loners`, those between two of them included."""
    return frozenset((a, b) for a in everyone for b in everyone if a != b and (a in loners or b in loners))


def reverse(link: Link) -> Link:
    return link[1], link[0]
