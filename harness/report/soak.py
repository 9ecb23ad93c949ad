"""
Many runs summed up: which ended how, how near to its bound each invariant came, and what differs between seeds.

All of it is made from what is kept of each run, in the order in which the runs ended. Durations are seconds.
"""

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Literal

from harness.checks.verdict import Outcome
from harness.report.result import InvariantRow, Result
from harness.report.screen import standing

Ending = Literal["valid", "violated", "unknown", "failed", "cut short"]
ENDINGS: tuple[Ending, ...] = ("valid", "violated", "unknown", "failed")
_SENTENCES = 3


@dataclass(frozen=True)
class Task:
    """
    One run that is to be made. `scenario` is what its rows are called, `words` the command that carries it out,
    `lasts_s` how long it should take by its plan, `plan` the SHA-256 of that plan as JSON.
    """

    scenario: str
    seed: int
    words: tuple[str, ...]
    lasts_s: float
    plan: str

    @property
    def repeat(self) -> str:
        return shlex.join(self.words)


@dataclass(frozen=True)
class Margin:
    """How long something took of what it may take, in the run that came nearest to it."""

    scenario: str
    invariant: str
    seed: int
    slowest_s: float
    allowed_s: float

    @property
    def share(self) -> float:
        return self.slowest_s / self.allowed_s


@dataclass(frozen=True)
class Ended:
    """
    What is kept of a run. `why` tells what is wrong where it ended otherwise than expected, `blamed` names the
    invariants that said so. Without a result `ending` is failed or cut short, and `why` is what the run said itself.
    """

    scenario: str
    seed: int
    ending: Ending
    exit_code: int
    wall_s: float
    repeat: str
    why: tuple[str, ...] = ()
    blamed: tuple[str, ...] = ()
    start_s: float | None = None
    run_dir: str = ""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    margins: tuple[Margin, ...] = ()

    @classmethod
    def with_result(cls, task: Task, result: Result, wall_s: float) -> "Ended":
        """`wall_s` is how long the whole command took: a little more than its result says."""
        rows = result.invariants
        blamed = [] if result.as_expected else [row for row in rows if row.outcome == result.outcome != "valid"]
        return cls(
            task.scenario,
            task.seed,
            result.outcome,
            result.exit_code,
            wall_s,
            task.repeat,
            tuple(_reasons(result, blamed)),
            tuple(row.name for row in blamed),
            result.phases["start_s"],
            result.run_dir,
            {row.name: row.outcome for row in rows},
            tuple(margin for row in rows if (margin := _margin(task, row))),
        )

    @classmethod
    def without_result(
        cls, task: Task, ending: Literal["failed", "cut short"], exit_code: int, wall_s: float, why: tuple[str, ...]
    ) -> "Ended":
        return cls(task.scenario, task.seed, ending, exit_code, wall_s, task.repeat, why)

    @property
    def is_as_expected(self) -> bool:
        return self.exit_code == 0

    @property
    def kind(self) -> tuple[str, ...]:
        """Failures of one kind seem to have one cause."""
        return (self.scenario, self.ending, *(self.blamed or self.why[:1]))

    @property
    def is_failure(self) -> bool:
        """It came to its end, and to another than the one expected."""
        return not self.is_as_expected and self.ending != "cut short"


def _reasons(result: Result, blamed: list[InvariantRow]) -> Iterator[str]:
    """What was expected, and of each invariant that tells against the run what it said first."""
    if result.as_expected:
        return
    if result.expected.outcome != "valid":
        yield standing(result)
    if result.why:
        yield result.why
        return
    for row in blamed[:_SENTENCES]:
        yield f"{row.name}: {row.violations[0]['text'] if row.violations else row.missing}"
    if len(blamed) > _SENTENCES:
        yield f"and {len(blamed) - _SENTENCES} more"


def _margin(task: Task, row: InvariantRow) -> Margin | None:
    """Of an invariant that measured something against a bound; one that agreed in the end `took_s` for it."""
    slowest_s, allowed_s = row.examined.get("slowest_s", row.examined.get("took_s")), row.examined.get("allowed_s")
    if not slowest_s or not allowed_s:
        return None
    return Margin(task.scenario, row.name, task.seed, slowest_s, allowed_s)


@dataclass(frozen=True)
class ScenarioRow:
    """The runs of one scenario that came to an end; `median_s` and `max_s` are None where none has that figure."""

    scenario: str
    runs: int
    as_expected: int
    endings: dict[Ending, int]
    wall_median_s: float | None
    wall_max_s: float | None
    start_median_s: float | None
    start_max_s: float | None


@dataclass(frozen=True)
class Differing:
    """An invariant of one scenario that was judged differently with other seeds: the seeds of each outcome."""

    scenario: str
    invariant: str
    seeds: dict[Outcome, list[int]]


def scenario_rows(ended: Sequence[Ended]) -> list[ScenarioRow]:
    """In the order in which their first runs ended."""
    return [_row(name, runs) for name, runs in _by_scenario(ended).items()]


def _by_scenario(ended: Iterable[Ended]) -> dict[str, list[Ended]]:
    groups: dict[str, list[Ended]] = {}
    for one in ended:
        if one.ending != "cut short":
            groups.setdefault(one.scenario, []).append(one)
    return groups


def _row(name: str, runs: list[Ended]) -> ScenarioRow:
    counts = Counter(one.ending for one in runs)
    walls_s = [one.wall_s for one in runs if one.ending != "failed"]
    starts_s = [one.start_s for one in runs if one.start_s is not None]
    return ScenarioRow(
        name,
        len(runs),
        sum(one.is_as_expected for one in runs),
        {ending: counts[ending] for ending in ENDINGS},
        *_middle_and_most(walls_s),
        *_middle_and_most(starts_s),
    )


def _middle_and_most(values_s: list[float]) -> tuple[float | None, float | None]:
    return (round(median(values_s), 3), round(max(values_s), 3)) if values_s else (None, None)


def worst_margins(ended: Iterable[Ended]) -> list[Margin]:
    """For each scenario and invariant the run that came nearest to the bound; the nearest of all first."""
    worst: dict[tuple[str, str], Margin] = {}
    for margin in (margin for one in ended for margin in one.margins):
        key = margin.scenario, margin.invariant
        if key not in worst or margin.share > worst[key].share:
            worst[key] = margin
    return sorted(worst.values(), key=lambda margin: (-margin.share, margin.scenario, margin.invariant))


def differing(ended: Sequence[Ended]) -> list[Differing]:
    """Every invariant that was not judged alike in all runs of a scenario that judged it."""
    seeds: dict[tuple[str, str], dict[Outcome, list[int]]] = {}
    for one in sorted(ended, key=lambda one: one.seed):
        for name, outcome in one.outcomes.items():
            seeds.setdefault((one.scenario, name), {}).setdefault(outcome, []).append(one.seed)
    return [Differing(*key, found) for key, found in seeds.items() if len(found) > 1]


@dataclass(frozen=True)
class Summary:
    """A soak as it ended. `disk_bytes` is what the folders of its runs take, `left_out` how many runs never began."""

    ended: tuple[Ended, ...]
    at_once: int
    wall_s: float
    disk_bytes: int
    left_out: int
    exit_code: int

    @property
    def failures(self) -> list[Ended]:
        return [one for one in self.ended if one.is_failure]

    @property
    def cut_short(self) -> list[Ended]:
        return [one for one in self.ended if one.ending == "cut short"]

    @property
    def is_interrupted(self) -> bool:
        return bool(self.left_out or self.cut_short)

    def to_json(self) -> dict[str, object]:
        """The document of `harness soak --json`."""
        return {
            "scenarios": [asdict(row) for row in scenario_rows(self.ended)],
            "margins": [asdict(margin) for margin in worst_margins(self.ended)],
            "differing": [asdict(row) for row in differing(self.ended)],
            "failures": [asdict(one) for one in self.failures],
            "runs": [asdict(one) for one in self.ended],
            "at_once": self.at_once,
            "wall_s": round(self.wall_s, 3),
            "disk_bytes": self.disk_bytes,
            "left_out": self.left_out,
            "is_interrupted": self.is_interrupted,
            "exit_code": self.exit_code,
        }
