"""
Whether etcd serves on, whatever is done to single members: as long as most of them, its leader among them, are neither
stopped nor cut off from each other, it neither loses its quorum nor has to elect anybody.
"""

from collections.abc import Collection, Iterable
from itertools import combinations

from harness.core.links import Link


class Quorum:
    """By step of the plan: the members that a fault may have stopped, and the links of members that it may have cut."""

    def __init__(self, members: Collection[str]) -> None:
        self._members = tuple(members)
        self.leader = self._members[0] if len(self._members) == 1 else ""
        self._away: dict[int, frozenset[str]] = {}
        self._cuts: dict[int, frozenset[Link]] = {}

    def stop(self, step: int, names: Iterable[str]) -> None:
        if members := frozenset(names) & frozenset(self._members):
            self._away[step] = members

    def cut(self, step: int, links: frozenset[Link]) -> None:
        if links:
            self._cuts[step] = links

    def touches(self, step: int) -> bool:
        return step in self._away or step in self._cuts

    def stops(self, step: int) -> bool:
        return step in self._away

    def cut_by(self, step: int) -> set[str]:
        """All that the step may have cut off from some member."""
        return {name for link in self._cuts.get(step, ()) for name in link} - {*self._members}

    def release(self, step: int) -> None:
        self._away.pop(step, None)
        self._cuts.pop(step, None)

    @property
    def serves(self) -> bool:
        """While nobody knows who leads: only as long as nothing is done to members, or between them."""
        return self.leader in self._together() if self.leader else not self._away and not self._between()

    def silent_to(self, name: str) -> int:
        """How many members may not answer this node; of an etcd that serves nobody, that alone counts as none."""
        well = self._together() or frozenset(self._members)
        cut = frozenset[Link]().union(*self._cuts.values())
        return sum(m not in well or (name, m) in cut or (m, name) in cut for m in self._members)

    def _together(self) -> frozenset[str]:
        return in_majorities(self._members, frozenset[str]().union(*self._away.values()), self._between())

    def _between(self) -> frozenset[Link]:
        members = {*self._members}
        return frozenset(link for links in self._cuts.values() for link in links if members.issuperset(link))


def in_majorities(members: Collection[str], away: Collection[str], cuts: Collection[Link]) -> frozenset[str]:
    """The members of every majority in which nobody is `away` and no link is cut; empty where there is none."""
    running = [member for member in members if member not in away]
    return frozenset(
        member
        for some in combinations(running, len(members) // 2 + 1)
        if not any((a, b) in cuts or (b, a) in cuts for a, b in combinations(some, 2))
        for member in some
    )
