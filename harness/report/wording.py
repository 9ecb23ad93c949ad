"""Ops as people read them."""

from collections.abc import Collection

from harness.core.history import Op
from harness.core.plan import Step


def fault_text(op: Op) -> str:
    """`pause worker-1`, `partition worker-1 worker-2 | rest`, `partition worker-1 -> etcd-1`: the op in words."""
    name, targets = op.value.get("fault", op.f), op.value.get("targets", ())
    groups = _groups(op.value.get("cuts", ()), targets) if name == "partition" else ""
    return f"{name} {groups or ' '.join(targets)}".rstrip()


def _groups(cuts: Collection[tuple[list[str], list[str]]], targets: Collection[str]) -> str:
    """Groups apart by `|` where every direction is cut; a group without targets is the rest."""
    pairs = [(_side(sources, targets), _side(others, targets)) for sources, others in cuts]
    if len(pairs) == 1:
        return " -> ".join(pairs[0])
    return " | ".join(dict.fromkeys(side for pair in pairs for side in pair))


def _side(names: Collection[str], targets: Collection[str]) -> str:
    return " ".join(names) if set(names) & set(targets) else "rest"


def settings_text(step: Step) -> str:
    """`(KILL, down_for 4 s)`: a step's single values, in words and seconds; empty for a step without any."""
    words = [value for value in step.params.values() if isinstance(value, str) and value]
    spans = [f"{name} {value:g} s" for name, value in step.params.items() if isinstance(value, float)]
    told = ", ".join(words + spans)
    return f"({told})" if told else ""
