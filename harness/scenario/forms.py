"""
How a fault is written in a step, read off its dataclass.

The short form gives the first field, the long form names the others, and `Targets` are named by their role
(`worker: worker-3`).
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, get_args, get_origin, get_type_hints

from pydantic import Discriminator, Field, Tag, create_model

from harness.core.lasting import FOR_GOOD
from harness.errors import InputError
from harness.faults import FAULTS
from harness.faults.compact import Revisions
from harness.faults.corrupt import BadValues
from harness.faults.fault import Everyone, Fault, Newcomers, Role, Seconds, Targets
from harness.faults.partition import Group, Groups
from harness.scenario.values import (
    AllWorkers,
    BadValuesList,
    Count,
    Duration,
    Fields,
    GroupOfNodes,
    GroupsOfNodes,
    Target,
    WholeNumber,
    field,
    left_out,
    seconds_text,
)

ROLES: tuple[Role, ...] = ("worker", "client", "etcd", "user")
WHOM = (Targets, Everyone, Newcomers)
"""The kinds of parameters that say whom a fault strikes."""

MEANINGS = {
    "signal": "What stops it: TERM asks, KILL does not.",
    "stop": "What stops it first: TERM asks, KILL does not; none removes one that something else keeps offline.",
    "down_for": "How long it stays down.",
    "between": "How long to wait between one and the next.",
    "values": "What stands in etcd then, where records of workers should.",
    "keep": "How many revisions of etcd's log are kept.",
    "from": "Those whose datagrams no longer arrive.",
    "to": "Where they no longer arrive.",
}
"""Of the parameters of faults, by their names in a file."""


def parameters(fault: type[Fault]) -> dict[str, Any]:
    """The fields of a fault's dataclass with their kinds, in order."""
    hints = get_type_hints(fault, include_extras=True)
    return {name: kind for name, kind in hints.items() if get_origin(kind) is not ClassVar}


def written(annotation: Any) -> Any:
    """How a parameter is written in the file; one that is of no kind of ours is written as itself."""
    kinds = (
        (Targets, Target),
        (Everyone, AllWorkers),
        (Newcomers, Count),
        (BadValues, BadValuesList),
        (Revisions, WholeNumber),
        (Seconds, Duration),
        (Group, GroupOfNodes),
        (Groups, GroupsOfNodes),
    )
    return next((form for kind, form in kinds if kind == annotation), annotation)


def says(fault: type[Fault]) -> str:
    """What a fault does, in one line."""
    return (fault.__doc__ or "").strip().partition("\n")[0]


def named(fault: type[Fault]) -> str:
    """How its targets are named."""
    kinds = parameters(fault).values()
    if Targets in kinds:
        leader = ", leader of etcd" if "etcd" in fault.roles else ""
        return f"a name, a list of names, any or {{any: N}} of the workers{leader}"
    if Everyone in kinds:
        return "all that are there"
    if Newcomers in kinds:
        return "how many; they are numbered on from the last"
    if Group not in kinds:
        return "what stands in it"
    return "by name, in two or more groups, of which one may be rest"


def takes(fault: type[Fault]) -> list[dict[str, str | None]]:
    """What it takes beside its targets: `name`, `takes`, `default` as a scenario writes it or None, `says`."""
    ends = "for good" if fault.name in FOR_GOOD else "until the run heals"
    lasts = [_row("for", Seconds, None, f"How long it lasts; without it {ends}.")] if fault.takes_for else []
    return lasts + [
        _row(alias := name.rstrip("_"), kind, getattr(fault, name, None), MEANINGS.get(alias, ""))
        for name, kind in parameters(fault).items()
        if kind not in (*WHOM, Groups)
    ]


def examples(fault: type[Fault]) -> list[str]:
    """A step in the short form, and one in the long form where that says more."""
    kinds = parameters(fault)
    first, *others = kinds.values()
    shorts = {Targets: "worker-1", Everyone: "all", Newcomers: "2", BadValues: "[empty, null]", Revisions: "0"}
    short = shorts.get(first, "[[worker-1, client-1], rest]")
    groups = iter(("[worker-1]", "rest"))
    given = ["worker: worker-1"] if first == Targets else []
    for name, kind in kinds.items():
        if kind not in (*WHOM, Groups):
            value = next(groups) if kind == Group else _text(getattr(fault, name), kind)
            given.append(f"{name.rstrip('_')}: {value}")
    forms = [short, f"{{{', '.join(given)}}}"] if others else [short]
    when = "at: 3s, for: 2s" if fault.takes_for else "at: 3s"
    return [f"- {{{when}, {fault.name}: {form}}}" for form in forms]


def given_as(what: Any, fields: Mapping[str, Any]) -> Any:
    """
    What a scenario has behind a fault's name; targets and fields together are its long form. Raises InputError where
    both name somebody.
    """
    named = {name.rstrip("_"): value for name, value in fields.items()}
    if what is None or not named:
        return named if what is None else what
    first = str(what if isinstance(what, str) else next(iter(what), ""))
    role = next((role for role in ROLES if first.startswith(role)), "etcd" if first == "leader" else "worker")
    if role in named:
        raise InputError(f"whom it strikes is said twice: {what}, and {role} {named[role]}; once is enough")
    return {role: what, **named}


def _row(name: str, kind: Any, default: Any, meaning: str) -> dict[str, str | None]:
    known = {
        Seconds: "a duration",
        Group: "a list of names, or rest",
        BadValues: "a list",
        Revisions: "a number",
    }
    allowed = known.get(kind) or " or ".join(get_args(kind)) or kind.__name__
    return {"name": name, "takes": allowed, "default": _text(default, kind), "says": meaning}


def _text(value: Any, kind: Any) -> str | None:
    """A parameter's value as a scenario writes it, None for none."""
    if value is None or value == ():
        return None
    if kind == BadValues:
        return f"[{', '.join(value)}]"
    return seconds_text(value) if kind == Seconds else str(value)


def _long_form(name: str, fault: type[Fault]) -> type[Fields]:
    """The map that a fault may be given as: a field per parameter and, for its targets, one per role."""
    found: dict[str, Any] = {}
    for parameter, kind in parameters(fault).items():
        if kind == Targets:
            found |= {role: (Target | None, field(_struck(role), None)) for role in ROLES if role in fault.roles}
        elif kind not in (*WHOM, Groups):
            default = ... if kind == Group else getattr(fault, parameter, ...)
            found[parameter] = (written(kind), _field(parameter.rstrip("_"), default, kind == Seconds))
    return create_model(_block(name), __base__=Fields, __doc__=says(fault), **found)


def _field(name: str, default: Any, is_duration: bool) -> Any:
    """`default` is `...` for a parameter that has none."""
    shown: Any = {"default": seconds_text(default)} if is_duration and default is not ... else None
    return Field(default, alias=name, description=MEANINGS.get(name), json_schema_extra=shown)


def _either_form(name: str, fault: type[Fault]) -> Any:
    """The first parameter alone, or a map of all where there are more."""
    short, tag = written(next(iter(parameters(fault).values()))), f"<{_block(name)}>"
    long = _long_form(name, fault)
    if not long.model_fields:
        return short

    def form_of(value: Any) -> str:
        return tag if isinstance(value, dict) and value.keys() != {"any"} else "<short>"

    return Annotated[Annotated[short, Tag("<short>")] | Annotated[long, Tag(tag)], Discriminator(form_of)]


def _struck(role: Role) -> str:
    word = {"worker": ", any or {any: N}", "etcd": ", or leader"}.get(role, "")
    return f"Which {role} it strikes: a name or a list of names{word}."


def _block(name: str) -> str:
    return f"{name.title().replace('-', '')}Block"


FAULT_FIELDS: dict[str, Any] = {
    name: (_either_form(name, fault), left_out(says(fault))) for name, fault in FAULTS.items()
}
