"""
The grammar of a scenario as models, from which files are checked and the JSON schema for editors is made.

What a fault takes is read off its dataclass: the short form gives the first field, the long form names the others, and
`Targets` are named by their role (`worker: worker-3`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from harness.core.plan import SEED_MAX, EtcdRuntime
from harness.core.properties import parse_duration
from harness.errors import InputError
from harness.faults import FAULTS, NOT_BUILT
from harness.faults.fault import Fault, Role, Seconds, Targets
from harness.faults.partition import Group, Groups
from harness.scenario.tree import Tree

ROLES: tuple[Role, ...] = ("worker", "client", "etcd")


class Fields(BaseModel):
    """A map of the file: no field that is not named here, and no value that has to be converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def _seconds(value: Any) -> float:
    if not isinstance(value, str):
        raise PydanticCustomError("duration", "is no duration; write it as 200ms, 3s, 2m or 1h")
    try:
        return parse_duration(value)
    except InputError:
        raise PydanticCustomError("duration", "is no duration; write it as 200ms, 3s, 2m or 1h") from None


def property_text(value: Any) -> str:
    """As a file of properties has it. Raises PydanticCustomError for what no property can be."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise PydanticCustomError("property", "is no value of a property; write text, a number, true or false")
    return str(value)


def _refuse(_value: Any) -> Any:
    raise PydanticCustomError("not_built", "is not built yet")


def _form(allowed: str, words: str = "", **forms: Callable[[Any], bool]) -> Discriminator:
    """
    Tells the forms of a value apart, so that it is judged by the one that it has and not by all. `words` are those that
    stand for themselves, and may be misspelt.
    """

    def form_of(value: Any) -> str | None:
        return next((f"<{tag}>" for tag, fits in forms.items() if fits(value)), None)

    return Discriminator(form_of, custom_error_type=f"form {words}", custom_error_message=allowed)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


Duration = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)? *[a-z]+$", "examples": ["200ms", "3s", "2m"]}),
]
_NOT_BUILT: dict[str, Any] = {"not": {}, "description": "not built yet"}
NotBuilt = Annotated[Any, BeforeValidator(_refuse), WithJsonSchema(_NOT_BUILT)]
PropertyText = Annotated[str, BeforeValidator(property_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(ge=0)]
Names = Annotated[list[str], Field(min_length=1)]


class EtcdBlock(Fields):
    members: Literal[1, 3, 5] = 1
    runtime: Annotated[EtcdRuntime, WithJsonSchema({"enum": ["auto", "process"]})] = "auto"
    timers: Literal["tuned", "default"] = "tuned"
    image: Annotated[str | None, WithJsonSchema(_NOT_BUILT)] = None
    binary: str | None = None


class ClusterBlock(Fields):
    etcd: EtcdBlock = EtcdBlock()
    workers: Count = 3
    clients: Annotated[int, Field(ge=0)] = 1
    conf: str = "fast"
    properties: dict[str, PropertyText] = {}
    broken: dict[str, Annotated[str, Field(pattern=r"^.+\.py:[A-Za-z_]\w*$")]] = {}


class WorkloadBlock(Fields):
    keys: Count = 100
    lookups_per_s: Rate = 100.0
    reads_per_s: Rate = 10.0


class AnyBlock(Fields):
    """Workers drawn by the seed."""

    any: Count


Target = Annotated[
    Annotated[str, Tag("<name>")] | Annotated[Names, Tag("<names>")] | Annotated[AnyBlock, Tag("<AnyBlock>")],
    _form("a node's name, a list of names, any or {any: N}", name=_is_text, names=_is_list, AnyBlock=_is_map),
]
GroupOfNodes = Annotated[
    Annotated[Literal["rest"], Tag("<rest>")] | Annotated[Names, Tag("<names>")],
    _form("a list of names, or rest", words="rest", rest=lambda value: value == "rest", names=_is_list),
]
GroupsOfNodes = Annotated[list[GroupOfNodes], Field(min_length=2)]
Some = Annotated[
    Annotated[Literal["all"], Tag("<all>")] | Annotated[Count, Tag("<count>")] | Annotated[Names, Tag("<names>")],
    _form(
        "all, a number or a list of names",
        words="all",
        all=lambda value: value == "all",
        count=lambda value: isinstance(value, int),
        names=_is_list,
    ),
]


class WhenBlock(Fields):
    """`online` or `offline`, one of them."""

    online: Some | None = None
    offline: Some | None = None
    within: Duration = 30.0


class InvariantsBlock(Fields):
    default: Literal[True]
    without: Names = []


class ExpectBlock(Fields):
    violated: Names
    also: list[str] = []


Invariants = Annotated[
    Annotated[Literal["default"], Tag("<default>")]
    | Annotated[Names, Tag("<names>")]
    | Annotated[InvariantsBlock, Tag("<InvariantsBlock>")],
    _form(
        "default, a list of names, or {default: true, without: [NAMES]}",
        words="default",
        default=lambda value: value == "default",
        names=_is_list,
        InvariantsBlock=_is_map,
    ),
]
Expect = Annotated[
    Annotated[Literal["valid", "unknown"], Tag("<word>")] | Annotated[ExpectBlock, Tag("<ExpectBlock>")],
    _form(
        "valid, unknown, or {violated: [NAMES], also: [NAMES]}",
        words="valid unknown",
        word=lambda value: value in ("valid", "unknown"),
        ExpectBlock=_is_map,
    ),
]


class StepFields(Fields):
    """What every step has beside its one fault; `STEP` has the faults too."""

    at: Duration | None = None
    when: WhenBlock | None = None
    after: Duration = 0.0
    for_: Duration | None = Field(None, alias="for")

    @property
    def fault(self) -> str:
        return next(name for name in FAULTS if name in self.model_fields_set)


class ScenarioFields(Fields):
    """What a scenario has beside its steps; `SCENARIO` has those too."""

    cluster: ClusterBlock = ClusterBlock()
    workload: WorkloadBlock = WorkloadBlock()
    duration: Duration | None = None
    tail: Duration = 3.0
    settle: Duration = 30.0
    invariants: Invariants = "default"
    expect: Expect = "valid"
    tags: list[str] = []
    seed: Annotated[int, Field(ge=0, le=SEED_MAX)] | None = None
    system: NotBuilt = None
    steps: list[StepFields] = []


def parameters(fault: type[Fault]) -> dict[str, Any]:
    """The fields of a fault's dataclass with their kinds, in order."""
    hints = get_type_hints(fault, include_extras=True)
    return {name: kind for name, kind in hints.items() if get_origin(kind) is not ClassVar}


def written(annotation: Any) -> Any:
    """How a parameter is written in the file; one that is of no kind of ours is written as itself."""
    kinds = ((Targets, Target), (Seconds, Duration), (Group, GroupOfNodes), (Groups, GroupsOfNodes))
    return next((form for kind, form in kinds if kind == annotation), annotation)


def _long_form(name: str, fault: type[Fault]) -> type[Fields]:
    """The map that a fault may be given as: a field per parameter and, for its targets, one per role."""
    found: dict[str, Any] = {}
    for parameter, kind in parameters(fault).items():
        if kind == Targets:
            found |= {role: (Target | None, None) for role in ROLES if role in fault.roles}
        elif kind == Group:
            found[parameter] = (GroupOfNodes, Field(alias=parameter.rstrip("_")))
        elif kind != Groups:
            found[parameter] = (written(kind), Field(getattr(fault, parameter, ...), alias=parameter.rstrip("_")))
    return create_model(_block(name), __base__=Fields, **found)


def _either_form(name: str, fault: type[Fault]) -> Any:
    """The first parameter alone, or a map of all."""
    short, tag = written(next(iter(parameters(fault).values()))), f"<{_block(name)}>"
    long = _long_form(name, fault)

    def form_of(value: Any) -> str:
        return tag if isinstance(value, dict) and value.keys() != {"any"} else "<short>"

    return Annotated[Annotated[short, Tag("<short>")] | Annotated[long, Tag(tag)], Discriminator(form_of)]


def _list_of(model: type[BaseModel]) -> Any:
    return list[model]  # type: ignore[valid-type]  # made at run time, which mypy can't follow


def _block(name: str) -> str:
    return f"{name.title().replace('-', '')}Block"


_FAULT_FIELDS: dict[str, Any] = {
    **{name: (_either_form(name, fault), None) for name, fault in FAULTS.items()},
    **dict.fromkeys(NOT_BUILT, (NotBuilt, None)),
}

STEP = create_model("Step", __base__=StepFields, **_FAULT_FIELDS)
SCENARIO = create_model("Scenario", __base__=ScenarioFields, steps=(_list_of(STEP), []))


@dataclass(frozen=True)
class Scenario:
    """A scenario in which nothing is wrong but what a draw may meet; `properties` are complete, defaults included."""

    file: str
    text: str
    fields: ScenarioFields
    properties: dict[str, str]
    tree: Tree

    @property
    def name(self) -> str:
        """As its runs are called: the file's name without folder and ending."""
        return self.file.rpartition("/")[2].rpartition(".")[0] or self.file

    @property
    def seed(self) -> int | None:
        return self.fields.seed


def schema() -> dict[str, Any]:
    """The JSON schema of a scenario, for editors."""
    made = SCENARIO.model_json_schema()
    made["$defs"]["Step"] |= {
        "allOf": [
            {"oneOf": [{"required": ["at"]}, {"required": ["when"]}]},
            {"oneOf": [{"required": [name]} for name in FAULTS]},
        ]
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
