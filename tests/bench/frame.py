"""
What a subject of the bench gives, how it measures, and how rows are shown and kept.

A subject is a module of this package with `rows() -> Iterator[Row]`. Speed is measured side by side, in turns, in one
run: what the machine does meanwhile then hits both, and their ratio means something elsewhere too.
"""

import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from harness.report.drawing import drawn

FIGURES = Path(__file__).with_name("figures.json")
_HEADS = ("what", "figure", "unit", "against", "its figure", "ratio", "aim", "last stored")


@dataclass(frozen=True)
class Row:
    """
    One figure in `unit`; `other` is that of what it is held against, in the same unit, None where there is nothing.

    `at_most` and `at_least` are the aim: of the ratio figure / other, else of the figure. It is told, nothing fails.
    """

    what: str
    figure: float
    unit: str
    against: str = ""
    other: float | None = None
    at_most: float | None = None
    at_least: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.figure / self.other if self.other else None

    @property
    def aim(self) -> str:
        bounds = (("at most", self.at_most), ("at least", self.at_least))
        return " ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)

    @property
    def is_met(self) -> bool:
        measured = self.figure if self.ratio is None else self.ratio
        over = self.at_most is not None and measured > self.at_most
        return not (over or (self.at_least is not None and measured < self.at_least))

    def to_json(self) -> dict[str, Any]:
        shown = {"what": self.what, "figure": self.figure, "unit": self.unit}
        if self.other is not None:
            shown |= {"against": self.against, "other": self.other, "ratio": self.ratio}
        return shown | ({"aim": self.aim, "is_met": self.is_met} if self.aim else {})


Rows = Mapping[str, Sequence[Row]]
"""By the name of their subject."""


def in_turns(rounds: int, *measures: Callable[[], float]) -> tuple[list[float], ...]:
    """What each of the measures gave in each round."""
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return tuple(map(list, zip(*taken, strict=True)))


def wall_s(call: Callable[[], object]) -> float:
    """How long a call takes, in seconds."""
    began_s = time.perf_counter()
    call()
    return time.perf_counter() - began_s


def cpu_s(call: Callable[[], object]) -> float:
    """How much CPU time of this process a call takes, in seconds."""
    began_s = time.process_time()
    call()
    return time.process_time() - began_s


def number(value: float | None) -> str:
    """Three digits that count, and no more: `0.0123`, `1.50`, `731`, `20500`; empty for None."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:#.3g}".rstrip(".")


def told(rows: Rows, stored: Mapping[str, Any], width: int | None = None) -> str:
    """The rows as a table, each beside the ratio (the figure, where it is held against nothing) last stored."""
    table = Table(*_HEADS, box=None, header_style="bold", pad_edge=False)
    for subject, some in rows.items():
        table.add_row(subject, style="bold")
        before = {row["what"]: row for row in stored.get(subject, ())}
        for row in some:
            last = before.get(row.what, {})
            aim = row.aim and f"{row.aim}{'' if row.is_met else ', missed'}"
            shown = (number(row.figure), row.unit, row.against, number(row.other), number(row.ratio), aim)
            table.add_row(f"  {row.what}", *shown, number(last.get("ratio", last.get("figure"))))
    return drawn(table, width, False)


def stored(path: Path = FIGURES) -> dict[str, Any]:
    """`{"machine": {...}, "subjects": {SUBJECT: [ROW]}}`, both empty where nothing was stored."""
    if not path.exists():
        return {"machine": {}, "subjects": {}}
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def as_json(rows: Rows) -> dict[str, list[dict[str, Any]]]:
    return {subject: [row.to_json() for row in some] for subject, some in rows.items()}


def store(rows: Rows, path: Path = FIGURES) -> None:
    """Put the rows in the place of those that their subjects had; other subjects keep theirs."""
    kept = {"machine": machine(), "subjects": {**stored(path)["subjects"], **as_json(rows)}}
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    cores = len(os.sched_getaffinity(0))
    return {"cores": cores, "python": platform.python_version(), "kernel": platform.release().partition("-")[0]}


def subjects(names: Iterable[str], known: Mapping[str, Any]) -> list[str]:
    """Those asked for, all without any. Raises KeyError, naming those there are, for one that is not known."""
    wanted = list(names) or sorted(known)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise KeyError(f"{', '.join(unknown)}: no subject; there are {', '.join(sorted(known))}")
    return wanted
