"""Directed links between nodes: a link is (source, target)."""

from collections.abc import Collection, Iterable

Link = tuple[str, str]


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
