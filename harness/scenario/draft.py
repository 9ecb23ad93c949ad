"""Steps as they are written, before anything is drawn."""

from dataclasses import dataclass
from typing import Any, Literal

from harness.core.plan import Step, When
from harness.faults import FAULTS
from harness.faults.fault import Everyone, Newcomers, Role, Targets
from harness.faults.partition import Group, Groups
from harness.scenario.forms import ROLES, WHOM, parameters
from harness.scenario.model import StepFields, WhenBlock
from harness.scenario.tree import Path
from harness.scenario.values import AnyBlock, Fields

ANY, LEADER, REST = "any", "leader", "rest"
"""Words that stand for nodes: workers drawn by the seed, the etcd member that leads, all others."""


@dataclass(frozen=True)
class Draft:
    """
    `params` are the fault's but for its `targets`; `draw` workers have to be drawn when it names none.

    `path` leads to the value that names the targets, or the groups; `role` is given by the long form only. Some faults
    have targets of their own: all workers that are there, or so many `newcomers`.
    """

    index: int
    fields: StepFields
    path: Path
    params: dict[str, Any]
    targets: tuple[str, ...] = ()
    draw: int = 0
    role: Role | None = None
    is_for_everyone: bool = False
    newcomers: int = 0

    def step(self, targets: tuple[str, ...], when: When | None) -> Step:
        """The step of a plan; a fault without targets takes none."""
        params = {name: list(targets) if value is ... else value for name, value in self.params.items()}
        return Step(self.fields.fault, params, self.fields.at, when, self.fields.for_)


def draft(index: int, fields: StepFields) -> Draft:
    """Of a step with one fault; a long form without a role, which is an error told elsewhere, names nobody."""
    fault, given = FAULTS[fields.fault], getattr(fields, fields.fault)
    path: Path = ("steps", index, fields.fault)
    is_long = isinstance(given, Fields) and not isinstance(given, AnyBlock)
    kinds = parameters(fault)
    params = {name: getattr(fault, name, ()) for name in kinds}
    if is_long:
        params |= {name: getattr(given, name) for name in kinds if name in type(given).model_fields}
    else:
        params[next(iter(kinds))] = given
    role = next((role for role in ROLES if is_long and getattr(given, role, None) is not None), None)
    params = {name: _plain(value, kinds[name]) for name, value in params.items()}
    if Targets not in kinds.values():
        newcomers = given if Newcomers in kinds.values() else 0
        return Draft(index, fields, path, params, is_for_everyone=Everyone in kinds.values(), newcomers=newcomers)
    if role is None:
        return Draft(index, fields, path, params, *(((), 0) if is_long else _named(given)))
    return Draft(index, fields, (*path, role), params, *_named(getattr(given, role)), role)


def _plain(value: Any, kind: Any) -> Any:
    """As it stands in a plan: `...` where the targets will be, groups as lists of names."""
    if kind in WHOM:
        return ...
    if kind == Groups:
        return [_plain(group, Group) for group in value]
    if kind == Group:
        return [value] if isinstance(value, str) else list(value)
    return list(value) if isinstance(value, tuple) else value


def _named(target: str | list[str] | AnyBlock) -> tuple[tuple[str, ...], int]:
    """The targets by name, and how many workers are to be drawn."""
    if isinstance(target, AnyBlock):
        return (), target.any
    if target == ANY:
        return (), 1
    return ((target,) if isinstance(target, str) else tuple(target)), 0


def state_of(when: WhenBlock) -> tuple[Literal["online", "offline"], Any]:
    """Which state is waited for, and of whom: `all`, a number or names."""
    return ("online", when.online) if when.online is not None else ("offline", when.offline)
