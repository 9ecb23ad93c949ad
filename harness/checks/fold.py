"""
Judging is one pass: a fold is shown the ops it has methods for, in time order, and keeps no more than it needs.

A fold's method `on_lease_lost` is shown every `lease-lost` op, invokes and failures too. `on_fault` is shown what the
nemesis does to the cluster, whichever fault it is; its `heal` and `skip` have methods of their own. `on_neighbour` is
shown whatever a node of the other cluster on this etcd says or is told of, which no other method is.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator

from harness.core.history import NEMESIS, Op

Handler = Callable[[Op], None]


class Fold:
    def handlers(self) -> Iterator[tuple[str, Handler]]:
        """What this fold wants to see: the name of an op and the method for it."""
        for attribute in dir(type(self)):
            if attribute.startswith("on_"):
                yield attribute.removeprefix("on_").replace("_", "-"), getattr(self, attribute)


def feed(ops: Iterable[Op], folds: Iterable[Fold], neighbours: Collection[str] = ()) -> None:
    """Show every op to every fold that wants it, in the order of `folds`."""
    table: dict[str, list[Handler]] = defaultdict(list)
    for fold in folds:
        for f, handler in fold.handlers():
            table[f].append(handler)
    wanted = {f: tuple(handlers) for f, handlers in table.items()}
    for op in ops:
        for handler in wanted.get(_shown_as(op, neighbours), ()):
            handler(op)


def _shown_as(op: Op, neighbours: Collection[str]) -> str:
    if op.actor in neighbours:
        return "neighbour"
    return "fault" if op.actor == NEMESIS and op.f not in ("heal", "skip") else op.f
