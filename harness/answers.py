"""What a cluster gives to whoever holds it by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from harness.core.plan import Step


@dataclass(frozen=True)
class Lookup:
    """What a client answered, at which revision of its view; `owner` is a worker's name. A guest may not know."""

    owner: str | None
    revision: int | None


@dataclass(frozen=True)
class Read:
    """What a client got: `length` bytes with that hash, from a worker by name or from `ufs`."""

    owner: str | None
    served_by: str
    length: int
    sha256: str


class Injected:
    """A fault that was injected, by the index of its step; as a context it is healed at the end."""

    def __init__(self, index: int, step: Step, heal: Callable[[], None]) -> None:
        self.index, self.step, self.heal = index, step, heal
        self.name, self.targets = step.fault, tuple(step.params.get("targets", ()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.heal()
