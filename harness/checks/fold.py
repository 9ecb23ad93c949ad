"""
Judging is one pass: a fold is shown the ops it has methods for, in time order, and keeps no more than it needs.

A fold's method `on_lease_lost` is shown every `lease-lost` op, invokes and failures too; `on_sample_ok` only samples of
that type. `on_fault` is shown what the nemesis does to the cluster, whichever fault it is; its `heal` and `skip` have
methods of their own. `on_neighbour` is shown whatever a node of the other cluster on this etcd says or is told of,
which no other method is.
"""

from collections.abc import Callable, Collection, Iterable, Iterator

from harness.core.history import NEMESIS, OP_TYPES, Op, OpType

Handler = Callable[[Op], None]


class Fold:
    def handlers(self) -> Iterator[tuple[str, Collection[OpType], Handler]]:
        """What this fold wants to see: the name of an op, its types, and the method for it."""
        for attribute in dir(type(self)):
            if attribute.startswith("on_"):
                name, _, last = attribute.removeprefix("on_").rpartition("_")
                types = [kind for kind in OP_TYPES if kind == last]
                f = name if types else attribute.removeprefix("on_")
                yield f.replace("_", "-"), types or OP_TYPES, getattr(self, attribute)


def feed(ops: Iterable[Op], folds: Iterable[Fold], neighbours: Collection[str] = ()) -> Op | None:
    """Show every op to every fold that wants it, in the order of `folds`; gives the last one, for those who ask."""
    wanted = _wanted(folds)
    special = {NEMESIS, *neighbours}
    op = None
    for op in ops:
        f = op.f if op.actor not in special else _shown_as(op)
        for handler in wanted[op.type].get(f, ()):
            handler(op)
    return op


def _wanted(folds: Iterable[Fold]) -> dict[OpType, dict[str, tuple[Handler, ...]]]:
    wanted: dict[OpType, dict[str, tuple[Handler, ...]]] = {kind: {} for kind in OP_TYPES}
    for fold in folds:
        for f, types, handler in fold.handlers():
            for kind in types:
                wanted[kind][f] = (*wanted[kind].get(f, ()), handler)
    return wanted


def _shown_as(op: Op) -> str:
    """What an op of the nemesis or of a neighbour is shown as."""
    if op.actor != NEMESIS:
        return "neighbour"
    return op.f if op.f in ("heal", "skip") else "fault"
