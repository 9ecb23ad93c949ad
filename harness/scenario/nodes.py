"""Which nodes a scenario has, and what is wrong with the names in it."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from harness.faults import FAULTS
from harness.faults.fault import ANYWHERE, Role
from harness.faults.partition import Group, Groups
from harness.scenario.draft import ANY, LEADER, REST, Draft
from harness.scenario.forms import ROLES, parameters
from harness.scenario.model import ClusterBlock
from harness.scenario.tree import Path, Problem, Tree
from harness.scenario.wording import nearest


@dataclass(frozen=True)
class Nodes:
    """`workers` are there from the start, `joining` those that come by a step, by its index."""

    workers: tuple[str, ...]
    clients: tuple[str, ...]
    etcd: tuple[str, ...]
    joining: dict[int, tuple[str, ...]] = field(default_factory=dict)
    neighbours: tuple[str, ...] = ()
    users: tuple[str, ...] = ()

    @classmethod
    def of(cls, cluster: ClusterBlock, drafts: Iterable[Draft] = ()) -> "Nodes":
        last, joining = cluster.workers, dict[int, tuple[str, ...]]()
        for draft in drafts:
            if draft.newcomers:
                joining[draft.index] = _numbered("worker", draft.newcomers, last + 1)
                last += draft.newcomers
        return cls(
            _numbered("worker", cluster.workers),
            _numbered("client", cluster.clients),
            _numbered("etcd", cluster.etcd.members),
            joining,
            _numbered("neighbour", cluster.neighbour.workers if cluster.neighbour else 0),
            _numbered("user", cluster.users),
        )

    @property
    def joiners(self) -> tuple[str, ...]:
        return tuple(name for names in self.joining.values() for name in names)

    @property
    def every_worker(self) -> tuple[str, ...]:
        """Those that are there from the start, and those that join."""
        return self.workers + self.joiners

    def named(self, roles: Collection[Role] = ANYWHERE) -> tuple[str, ...]:
        return tuple(name for names in self._of(roles) for name in names)

    def there_are(self, roles: Collection[Role] = ANYWHERE) -> str:
        return "there are " + ", ".join(_span(names) for names in self._of(roles) if names)

    def _of(self, roles: Collection[Role]) -> list[tuple[str, ...]]:
        by_role = zip(ROLES, (self.every_worker, self.clients, self.etcd, self.users), strict=True)
        return [names for role, names in by_role if role in roles]

    def unknown(self, name: str, roles: Collection[Role]) -> str | None:
        """What is wrong with `name` where a node of these roles is to be named, None if nothing is."""
        if name in self.named(roles):
            return None
        if name in self.named():
            return f"{name} is no {' or '.join(role for role in ROLES if role in roles)}; {self.there_are(roles)}"
        if name in self.neighbours:
            return f"{name} is of another cluster, which nothing is done to; {self.there_are(roles)}"
        if name in (ANY, LEADER, REST):
            return f"{name!r} can't stand here; {self.there_are(roles)}"
        is_one = re.fullmatch(rf"({'|'.join(ROLES)})-\d+", name)
        hint = "" if is_one else nearest(name, [*self.named(roles), ANY, LEADER])
        return f"no node is called {name!r}; {hint}{self.there_are(roles)}"


def target_problems(draft: Draft, nodes: Nodes, tree: Tree) -> Iterator[Problem]:
    """What is wrong with the nodes that a step names."""
    fault = FAULTS[draft.fields.fault]
    roles = frozenset((draft.role,)) if draft.role else fault.roles
    if draft.is_for_everyone or draft.newcomers:
        return
    if draft.draw:
        yield from _draw_problems(draft, roles, nodes, tree)
    elif draft.targets == (LEADER,):
        if "etcd" not in roles:
            yield tree.at_value(draft.path, f"the leader is one of etcd's; {nodes.there_are(roles)}")
    elif draft.targets:
        yield from name_problems(draft.targets, draft.path, roles, nodes, tree)
    yield from _group_problems(draft, nodes, tree)


def name_problems(
    names: Collection[str], path: Path, roles: Collection[Role], nodes: Nodes, tree: Tree
) -> Iterator[Problem]:
    """Of a name or a list of names at `path`."""
    seen = set[str]()
    for index, name in enumerate(names):
        if text := nodes.unknown(name, roles):
            yield tree.at_value((*path, index), text)
        elif name in seen:
            yield tree.at_value((*path, index), f"{name} is named twice; once is enough")
        seen.add(name)


def _draw_problems(draft: Draft, roles: Collection[Role], nodes: Nodes, tree: Tree) -> Iterator[Problem]:
    if "worker" not in roles:
        yield tree.at_value(draft.path, f"any draws workers; {nodes.there_are(roles)}")
    elif draft.params.get("stop") == "none":
        text = "any draws a worker that no step holds, and stop: none removes one that is offline already; name it"
        yield tree.at_value(draft.path, text)
    elif draft.draw > len(nodes.every_worker):
        path = (*draft.path, ANY)
        yield tree.at_value(path, f"{draft.draw} are more workers than there are; {nodes.there_are(['worker'])}")


def _group_problems(draft: Draft, nodes: Nodes, tree: Tree) -> Iterator[Problem]:
    seen = dict[str, Path]()
    for path, group in _groups(draft):
        for index, name in enumerate(group):
            if name in seen:
                yield tree.at_value((*path, index), f"{name} is named twice; a node is in one group")
            elif group != [REST] and (text := nodes.unknown(name, ANYWHERE)):
                yield tree.at_value((*path, index), text)
            seen[name] = path
    if REST in seen and seen.keys() >= set(nodes.named()):
        yield tree.at_value(seen[REST], "rest is nobody: every node is in a group; leave one out")


def _groups(draft: Draft) -> Iterator[tuple[Path, list[str]]]:
    """The groups that a step names, each with its place."""
    for name, kind in parameters(FAULTS[draft.fields.fault]).items():
        if kind == Group and draft.params[name]:
            yield (*draft.path, name.rstrip("_")), draft.params[name]
        elif kind == Groups:
            yield from (((*draft.path, index), group) for index, group in enumerate(draft.params[name]))


def _numbered(role: str, count: int, first: int = 1) -> tuple[str, ...]:
    return tuple(f"{role}-{number}" for number in range(first, first + count))


def _span(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) < 3 else f"{names[0]} to {names[-1]}"
