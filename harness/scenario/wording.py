"""What pydantic found wrong, in our words and at its place: what is wrong; what is allowed."""

from collections import deque
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.core.properties import KNOWN
from harness.faults import FAULTS
from harness.scenario.model import SCENARIO, STEP
from harness.scenario.tree import PROPERTIES, Path, Problem, Tree
from harness.scenario.values import NOT_BUILT

_QUOTE = "'"
_NEAR = 0.8
_BLOCK_DEPTH = 2
_NOT = {
    "int_type": "no whole number; write it as 3",
    "float_type": "no number; write it as 3 or 0.5",
    "finite_number": "no number to count with; write it as 3 or 0.5",
    "string_type": "no text; write a name",
    "list_type": "no list; write it as [a, b]",
}


def problems_of(error: ValidationError, tree: Tree) -> list[Problem]:
    return [_problem(details, tree) for details in error.errors()]


def either(words: Sequence[str]) -> str:
    """`a, b or c`."""
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)


def nearest(found: str, allowed: list[str]) -> str:
    """`did you mean 'pause'? ` where a known name is near, else nothing."""
    near = get_close_matches(found, allowed, 1) or [word for word in allowed if word.lower() == found.lower()]
    return f"did you mean {near[0]!r}? " if near else ""


_SHOWN_MAX = 80


def shown(value: object) -> str:
    """A value of the file as one would say it."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "a map" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."


def _problem(details: ErrorDetails, tree: Tree) -> Problem:
    path = tuple(part for part in details["loc"] if not _is_tag(part))
    match details["type"]:
        case "extra_forbidden":
            return tree.at_key(path, _unknown(path, _model_at(details["loc"][:-1])))
        case "not_built":
            return tree.at_key(path, f"{path[-1]} is not built yet; {_there_is(path)}")
        case "missing":
            return tree.at_value(path[:-1], f"the field {path[-1]!r} is missing; it is required here")
        case _:
            return tree.at_value(path, _misfit(details))


def _misfit(details: ErrorDetails) -> str:
    kind, found, context = details["type"], shown(details["input"]), details.get("ctx", {})
    match kind:
        case "literal_error":
            expected = context["expected"].replace("'", "").replace("True", "true")
            hint = nearest(found.strip(_QUOTE), expected.replace(",", "").split())
            text = f"is not allowed; {hint}it is {expected}"
        case "greater_than_equal":
            text = f"is too small; it is at least {context['ge']:g}"
        case "less_than_equal":
            text = f"is too big; it is at most {context['le']}"
        case form if form.startswith("form "):
            text = f"does not fit; {nearest(found.strip(_QUOTE), form.split()[1:])}write {details['msg']}"
        case "too_short":
            found = "the list"
            text = f"has {context['actual_length'] or 'nothing'}; it takes {context['min_length']} or more"
        case "string_pattern_mismatch":
            text = "names no class; write it as FILE.py:CLASS"
        case "model_type" | "dict_type":
            text = f"is no map; {_fields_of(_model_at(details['loc']))}"
        case _:
            text = f"is {_NOT[kind]}" if kind in _NOT else details["msg"]
    return f"{found} {text}"


def _unknown(path: Path, model: type[BaseModel] | None) -> str:
    key = str(path[-1])
    what = "no fault or field is called" if model is STEP else "unknown field"
    hint = nearest(key, _names(model)) or (_elsewhere(key) if len(path) <= _BLOCK_DEPTH else "")
    return f"{what} {key!r}; {hint}{_fields_of(model)}"


def _elsewhere(key: str) -> str:
    """`did you mean cluster.workers? ` where a field of another block is called so, or nearly; else nothing."""
    if key in FAULTS:
        return "did you mean steps? "
    if any(name.startswith(f"{key}.") for name in KNOWN):
        return f"did you mean {'.'.join(map(str, PROPERTIES))}? "
    homes = _homes()
    near = get_close_matches(key, homes, 1, _NEAR)
    return f"did you mean {homes[near[0]]}? " if near else ""


@cache
def _homes() -> dict[str, str]:
    """By the name of a field where in a scenario it is, the nearest to the top; but for those of steps."""
    found, models = dict[str, str](), deque[tuple[str, type[BaseModel]]]([("", SCENARIO)])
    while models:
        above, model = models.popleft()
        for name, field in model.model_fields.items():
            if field.description != NOT_BUILT:
                found.setdefault(name, f"{above}{name}")
                inner = _models_in(field.rebuild_annotation())
                models += [(f"{above}{name}.", one) for one in inner if one is not STEP]
    return found


def _fields_of(model: type[BaseModel] | None) -> str:
    return f"there are {', '.join(_names(model))}" if model else "write it as {name: value}"


def _names(model: type[BaseModel] | None) -> list[str]:
    """The fields as they are written, without those that are not built yet."""
    if model is None:
        return []
    return [field.alias or name for name, field in model.model_fields.items() if field.description != NOT_BUILT]


def _there_is(path: Path) -> str:
    return "all but clients is harness.dora" if path[0] == "system" else f"there are {', '.join(FAULTS)}"


def _model_at(loc: Path) -> type[BaseModel] | None:
    """The model that the map at `loc` has to fit, None for a map of free keys."""
    candidates: list[type[BaseModel]] = [SCENARIO]
    for part in loc:
        if _is_tag(part):
            candidates = [model for model in candidates if f"<{model.__name__}>" == part] or candidates
        elif isinstance(part, str):
            found = [
                field
                for model in candidates
                for name, field in model.model_fields.items()
                if part in (name, field.alias)
            ]
            candidates = [model for field in found for model in _models_in(field.rebuild_annotation())]
    return candidates[0] if len(candidates) == 1 else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _is_tag(part: int | str) -> bool:
    """Pydantic puts the form that it chose into the path; ours are written `<form>`."""
    return isinstance(part, str) and part.startswith("<") and part.endswith(">")
