"""Directed links between nodes: a link is (source, target)."""

from collections.abc import Iterable

Link = tuple[str, str]


def one_way(sources: Iterable[str], targets: Iterable[str]) -> frozenset[Link]:
    """Every link from one of `sources` to one of `targets`, that direction only."""
    targets = tuple(targets)
    return frozenset((a, b) for a in sources for b in targets if a != b)


def reverse(link: Link) -> Link:
    return link[1], link[0]
