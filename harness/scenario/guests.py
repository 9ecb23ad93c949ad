"""What a scenario must keep of the clients that are somebody else's, beyond its grammar."""

from collections.abc import Collection, Iterator

from harness.core.guest import PLACEHOLDERS, unknown_in
from harness.faults.fault import Role
from harness.scenario.model import GuestBlock
from harness.scenario.nodes import Nodes, name_problems
from harness.scenario.tree import Path, Problem, Tree
from harness.scenario.wording import nearest

CLIENT: Path = ("system", "client")
_CLIENT_ONLY: tuple[Role, ...] = ("client",)


def guest_problems(guest: GuestBlock | None, broken: Collection[str], nodes: Nodes, tree: Tree) -> Iterator[Problem]:
    """Of its words, and of the nodes whose part it takes; `broken` are those whose part something else takes."""
    if guest is None:
        return
    yield from _word_problems(guest, tree)
    if not nodes.clients:
        yield tree.at_value(CLIENT, "there are no clients whose part it could take; set cluster.clients")
        return
    yield from name_problems(guest.nodes or (), (*CLIENT, "nodes"), _CLIENT_ONLY, nodes, tree)
    for name in guest.nodes or nodes.clients:
        if name in broken:
            text = f"{name} is a client of somebody else, by system.client; leave it out in one of the two"
            yield tree.at_key(("cluster", "broken", name), text)


def _word_problems(guest: GuestBlock, tree: Tree) -> Iterator[Problem]:
    for index, word in enumerate(guest.command):
        if name := unknown_in(word):
            text = f"there is no placeholder {{{name}}}; {nearest(name, [*PLACEHOLDERS])}there are "
            yield tree.at_value((*CLIENT, "command", index), text + ", ".join(f"{{{known}}}" for known in PLACEHOLDERS))
