"""The kinds of values in a scenario: durations, counts, names of nodes, properties, and what is not built yet."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from harness.core.properties import parse_duration
from harness.errors import InputError
from harness.faults.corrupt import BadValue


class Fields(BaseModel):
    """A map of the file: no field that is not named here, and no value that has to be converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def property_text(value: Any) -> str:
    """As a file of properties has it. Raises PydanticCustomError for what no property can be."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise PydanticCustomError("property", "is no value of a property; write text, a number, true or false")
    return str(value)


def form(allowed: str, words: str = "", **forms: Callable[[Any], bool]) -> Discriminator:
    """
    Tells the forms of a value apart, so that it is judged by the one that it has and not by all. `words` are those that
    stand for themselves, and may be misspelt.
    """

    def form_of(value: Any) -> str | None:
        return next((f"<{tag}>" for tag, fits in forms.items() if fits(value)), None)

    return Discriminator(form_of, custom_error_type=f"form {words}", custom_error_message=allowed)


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_list(value: Any) -> bool:
    return isinstance(value, list)


def is_map(value: Any) -> bool:
    return isinstance(value, dict)


def seconds_text(seconds: float) -> str:
    """As a scenario has it: `0.5s`, `30s`."""
    return f"{seconds:g}s"


def field(says: str, default: Any = ..., *, alias: str | None = None) -> Any:
    """A field with its description; `...` for one that has to be there."""
    return Field(default, description=says, alias=alias)


def written_as(says: str, default: Any, text: Any) -> Any:
    """A field with a default that a file writes otherwise, which is how the schema shows it."""
    return Field(default, description=says, json_schema_extra={"default": text})


def lasting(says: str, seconds: float) -> Any:
    """A duration's field with its default."""
    return written_as(says, seconds, seconds_text(seconds))


def left_out(says: str, default: Any = None) -> Any:
    """A field that is left out rather than given its default, which the schema does not show."""
    return Field(default, description=says, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def _seconds(value: Any) -> float:
    if not isinstance(value, str):
        raise PydanticCustomError("duration", "is no duration; write it as 200ms, 3s, 2m or 1h")
    try:
        return parse_duration(value)
    except InputError:
        raise PydanticCustomError("duration", "is no duration; write it as 200ms, 3s, 2m or 1h") from None


def _refuse(_value: Any) -> Any:
    raise PydanticCustomError("not_built", "is not built yet")


Duration = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)? *[a-z]+$", "examples": ["200ms", "3s", "2m"]}),
]
NOT_BUILT = "Not built yet."
NOT_BUILT_SCHEMA: dict[str, Any] = {"not": {}, "description": NOT_BUILT}
NotBuilt = Annotated[Any, BeforeValidator(_refuse), WithJsonSchema(NOT_BUILT_SCHEMA)]
PropertyText = Annotated[str, BeforeValidator(property_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]
COUNT_MAX, RATE_MAX = 100_000, 100_000
"""More than one machine can do; what is meant to be less is refused before it fills the memory."""
FILE_BYTES_MAX = 1 << 30
"""Of all files of a run together, for they lie in memory."""
Count = Annotated[int, Field(ge=1, le=COUNT_MAX)]
WholeNumber = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(ge=0, le=RATE_MAX)]
Names = Annotated[list[str], Field(min_length=1)]
NullOrBadValue = Annotated[BadValue, BeforeValidator(lambda value: "null" if value is None else value)]
"""An unquoted null means the value of that name, which can't be meant otherwise."""
BadValuesList = Annotated[list[NullOrBadValue], Field(min_length=1)]


class AnyBlock(Fields):
    """Workers drawn by the seed."""

    any: Count = field("How many, of those that no other step holds then.")


Target = Annotated[
    Annotated[str, Tag("<name>")] | Annotated[Names, Tag("<names>")] | Annotated[AnyBlock, Tag("<AnyBlock>")],
    form("a node's name, a list of names, any or {any: N}", name=is_text, names=is_list, AnyBlock=is_map),
]
AllWorkers = Literal["all"]
GroupOfNodes = Annotated[
    Annotated[Literal["rest"], Tag("<rest>")] | Annotated[Names, Tag("<names>")],
    form("a list of names, or rest", words="rest", rest=lambda value: value == "rest", names=is_list),
]
GroupsOfNodes = Annotated[list[GroupOfNodes], Field(min_length=2)]
