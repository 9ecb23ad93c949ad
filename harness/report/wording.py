"""Ops, faults and spans of time as people read them."""

from collections.abc import Collection, Mapping

from harness.core.few import few
from harness.core.history import NEMESIS, Op
from harness.core.plan import Step, When

_NAMES_MAX = 4
_FOR_MACHINES = ("pid", "create_time_s", "targets", "cuts", "fault")
_LISTED, _CHARACTERS = 20, 60


def span_text(seconds: float) -> str:
    """`3 ms`, `0.25 s`, `12.30 s`: what is short is told in ms, so that nothing seems to take no time at all."""
    if seconds < 0.0005:
        return "<1 ms"
    return f"{1000 * seconds:.0f} ms" if seconds < 0.0995 else f"{seconds:.2f} s"


def op_text(op: Op, names: Mapping[str, str], zero_ns: int) -> str:
    """
    `revision 4, online worker-1 worker-2, sent at 5.20 s`: what an op tells, without what only machines need.

    `names` are those of identities; times count from `zero_ns`, the begin of the run phase.
    """
    told = [_pair(name, value, names, zero_ns) for name, value in op.value.items() if name not in _FOR_MACHINES]
    whom = fault_text(op) if op.actor == NEMESIS else ""
    return ", ".join(part for part in (whom, *told, op.error or "") if part)


def _pair(name: str, value: object, names: Mapping[str, str], zero_ns: int) -> str:
    if name.endswith("_ns") and isinstance(value, int):
        return f"{name.removesuffix('_ns')} at {(value - zero_ns) / 1e9:.2f} s"
    if name.endswith("_s") and isinstance(value, int | float):
        return f"{name.removesuffix('_s')} {span_text(value)}"
    if isinstance(value, bool):
        return name if value else f"not {name}"
    if name == "online" and not value:
        return "online nobody"
    return "" if value in (None, "", [], {}) else f"{name} {_value_text(value, names)}"


def _value_text(value: object, names: Mapping[str, str]) -> str:
    if not isinstance(value, dict | list):
        text = names.get(str(value)) or _named(str(value), names)
        return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 3]}..."
    parts = list(value)
    if any(isinstance(part, dict | list) for part in parts):
        return f"({len(parts)} of them)"
    more = len(parts) - _LISTED
    shown = " ".join(names.get(str(part), str(part)) for part in parts[:_LISTED])
    return f"{shown} and {more} more" if more > 0 else shown


def _named(text: str, names: Mapping[str, str]) -> str:
    """The text of a key in etcd ends in an identity."""
    front, slash, last = text.rpartition("/")
    return f"{front}{slash}{names.get(last, last)}"


def fault_text(op: Op) -> str:
    """`pause worker-1`, `partition worker-1 worker-2 | rest`, `partition worker-1 -> etcd-1`: the op in words."""
    name, targets = op.value.get("fault", op.f), op.value.get("targets", ())
    groups = _groups(op.value.get("cuts", ()), targets) if name == "partition" else ""
    return f"{name} {groups or _some(targets)}".rstrip()


def _groups(cuts: Collection[tuple[list[str], list[str]]], targets: Collection[str]) -> str:
    """Groups apart by `|` where every direction is cut; a group without targets is the rest."""
    pairs = [(_side(sources, targets), _side(others, targets)) for sources, others in cuts]
    if len(pairs) == 1:
        return " -> ".join(pairs[0])
    return " | ".join(dict.fromkeys(side for pair in pairs for side in pair))


def _side(names: Collection[str], targets: Collection[str]) -> str:
    return " ".join(names) if set(names) & set(targets) else "rest"


def step_text(step: Step) -> str:
    """`restart worker-2 (TERM, down_for 1 s)`, `partition worker-2 -> etcd-1`: a step of a plan in the same words."""
    whom = " | ".join(" ".join(group) for group in step.params.get("groups", ()))
    whom = whom or " -> ".join(" ".join(step.params[end]) for end in ("from_", "to") if step.params.get(end))
    return " ".join(part for part in (step.fault, whom or _targets(step), settings_text(step)) if part)


def when_text(when: When) -> str:
    """`worker-1 worker-2 are online within 30 s, after 2 s`: what a step waits for, in the words of a scenario."""
    one = len(when.names) == 1 if when.count is None else when.count == 1
    whom = _some(when.names) if when.count is None else f"at least {when.count} worker{'s' * (not one)}"
    after = f", after {when.after_s:g} s" if when.after_s else ""
    return f"{whom or 'nobody'} {'is' if one else 'are'} {when.state} within {when.within_s:g} s{after}"


def _targets(step: Step) -> str:
    return _some(step.params.get("targets", ()))


def _some(names: Collection[str]) -> str:
    """Names apart by blanks; of many the first few and how many more there are."""
    return few(names, _NAMES_MAX if len(names) <= _NAMES_MAX else _NAMES_MAX - 1, " ")


def settings_text(step: Step) -> str:
    """`(KILL, down_for 4 s)`: a step's own values, in words and seconds; empty for a step without any."""
    words = [
        f"{name} none" if value == "none" else value
        for name, value in step.params.items()
        if isinstance(value, str) and value
    ]
    lists = [" ".join(value) for name, value in step.params.items() if name == "values"]
    spans = [f"{name} {value:g} s" for name, value in step.params.items() if isinstance(value, float)]
    numbers = [f"{name} {value}" for name, value in step.params.items() if isinstance(value, int)]
    told = ", ".join(words + lists + spans + numbers)
    return f"({told})" if told else ""


def long_span_text(seconds: float) -> str:
    """`48 s`, `4 min 12 s`, `3 h 5 min`: a span that somebody waits for."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def room_text(size_bytes: int) -> str:
    """`1.2 GB`: on a disk or in memory."""
    return f"{size_bytes / 1e9:.1f} GB"
