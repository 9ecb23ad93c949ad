"""What an invariant answers: valid, violated, or unknown."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.core.history import Op

Outcome = Literal["valid", "violated", "unknown"]
_WORST_FIRST: tuple[Outcome, ...] = ("violated", "unknown", "valid")


@dataclass(frozen=True)
class Violation:
    """One counter-example: a sentence with both sides, and the ops that prove it."""

    text: str
    ops: tuple[Op, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """
    `examined` counts what the invariant looked at (JSON values), `summary` says it in a line for the table;
    `missing` says which evidence was too little, and makes a verdict without violations unknown.
    """

    name: str
    summary: str
    examined: dict[str, Any] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    missing: str = ""

    @property
    def outcome(self) -> Outcome:
        if self.violations:
            return "violated"
        return "unknown" if self.missing else "valid"


def counted(number: int, noun: str) -> str:
    """`1 departure`, `2 departures`, `3 identities`, `4 keys`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def too_few(examined: int, of: int, what: str) -> str:
    """`only 3 of 10 reads were answered` where less than half was examined; else empty."""
    return f"only {examined} of {of} {what}" if 2 * examined < of else ""


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of several, `unknown` for none at all."""
    seen = set(outcomes)
    return next((outcome for outcome in _WORST_FIRST if outcome in seen), "unknown")
