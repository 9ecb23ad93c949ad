"""A fault as it is told on a command line: the words of a scenario, without its brackets."""

from typing import Any

from harness.errors import InputError
from harness.faults import FAULTS
from harness.faults.partition import Group, Groups
from harness.scenario.forms import given_as, parameters
from harness.scenario.wording import nearest


def spoken(fault: str, words: list[str]) -> Any:
    """
    What stands behind a fault's name in a scenario: `worker-1,worker-2` is a list, each word of a partition a group,
    `any=2` two drawn workers, `down_for=2s` a field. Raises InputError.
    """
    if fault not in FAULTS:
        raise InputError(f"no fault is called {fault!r}; {nearest(fault, [*FAULTS])}there are {', '.join(FAULTS)}")
    kinds = parameters(FAULTS[fault])
    fields = {name: value for name, is_field, value in (word.partition("=") for word in words) if is_field}
    whom: Any = _whom([word for word in words if "=" not in word], Groups in kinds.values())
    if "any" in fields:
        whom = {"any": _number(fields.pop("any"))}
    return given_as(
        whom, {name: _value(value, kinds.get(f"{name}_", kinds.get(name))) for name, value in fields.items()}
    )


def _whom(words: list[str], are_groups: bool) -> Any:
    """None for no words."""
    if are_groups:
        return [_listed(word) for word in words] or None
    names = [name for word in words for name in word.split(",")]
    return None if not names else _number(names[0]) if len(names) == 1 else names


def _listed(word: str) -> Any:
    return word if word == "rest" else word.split(",")


def _value(text: str, kind: Any) -> Any:
    return _listed(text) if kind == Group or "," in text else _number(text)


def _number(text: str) -> Any:
    return int(text) if text.isdecimal() else text
