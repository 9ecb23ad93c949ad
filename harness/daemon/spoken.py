"""A fault as it is told on a command line: the words of a scenario, without its brackets."""

from typing import Any

from harness.errors import InputError
from harness.faults import FAULTS
from harness.faults.corrupt import BadValues
from harness.faults.fault import Everyone
from harness.faults.partition import Group, Groups
from harness.scenario.draft import ANY, REST
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
    fields = _fields([word for word in words if "=" in word])
    whom = _whom([word for word in words if "=" not in word], [*kinds.values()])
    if ANY in fields:
        if whom is not None:
            raise InputError("any draws workers; name some, or have some drawn, and not both")
        whom = {ANY: _number(fields.pop(ANY))}
    if Everyone in kinds.values() and whom == "all" and fields:
        whom = None  # a scenario names nobody there, for it is about all
    return given_as(
        whom, {name: _value(value, kinds.get(f"{name}_", kinds.get(name))) for name, value in fields.items()}
    )


def _fields(words: list[str]) -> dict[str, str]:
    """Raises InputError where one would be lost."""
    fields = dict[str, str]()
    for name, _, value in (word.partition("=") for word in words):
        if name in fields:
            raise InputError(f"{name} is said twice; once is enough")
        fields[name] = value
    return fields


def _whom(words: list[str], kinds: list[Any]) -> Any:
    """None for no words."""
    if not words:
        return None
    if Groups in kinds:
        return [_listed(word) for word in words]
    names = [name for word in words for name in word.split(",")]
    return names if len(names) > 1 or BadValues in kinds else _number(names[0])


def _listed(word: str) -> Any:
    return word if word == REST else word.split(",")


def _value(text: str, kind: Any) -> Any:
    return _listed(text) if kind in (Group, BadValues) or "," in text else _number(text)


def _number(text: str) -> Any:
    return int(text) if text.isdecimal() else text
