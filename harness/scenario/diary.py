"""What was done to a cluster by hand, written down as the scenario that does it again."""

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from io import StringIO
from typing import Any, Protocol

from ruamel.yaml import YAML

from harness.core.plan import Plan, Step
from harness.errors import InputError, ScenarioError
from harness.faults import FAULTS
from harness.scenario.comings import JOIN
from harness.scenario.forms import ROLES
from harness.scenario.model import Scenario
from harness.scenario.plan import make_plan
from harness.scenario.wording import nearest


class Reader(Protocol):
    def __call__(self, text: str) -> Scenario:
        """The scenario that a text is, checked. Raises ScenarioError."""
        ...


@dataclass
class Diary:
    """
    `document` is a scenario without steps, as if it stood in `file`; `seed` draws what is left to chance. Each step is
    checked as a step of the scenario so far, so whatever can't be done is told as of a file.
    """

    file: str
    document: dict[str, Any]
    seed: int
    read: Reader
    steps: list[Step] = field(default_factory=list)
    _void: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Raises InputError."""
        self._plan = self._drawn_up(self.document)

    def begin(
        self,
        fault: str,
        given: Any,
        at_s: float,
        for_s: float | None,
        must_be_fit: Callable[[Step], None] = lambda step: None,
    ) -> tuple[int, Step]:
        """
        The index and the step of a fault that begins now; `given` is what stands behind its name in a scenario.

        Raises InputError when it is no fault, or can't be done, and whatever `must_be_fit` raises; then it is not in
        the diary.
        """
        if fault not in FAULTS:
            raise InputError(f"no fault is called {fault!r}; {nearest(fault, [*FAULTS])}there are {', '.join(FAULTS)}")
        row = {"at": _text(at_s), **({} if for_s is None else {"for": _text(for_s)}), fault: deepcopy(given)}
        grown = {**self.document, "steps": [*self._written(), row]}
        try:
            plan = self._drawn_up(grown)
        except InputError:
            must_be_fit(self._drawn_up(_ended(grown)).steps[-1])  # says it better, where what is open is in the way
            raise
        step = plan.steps[-1]
        must_be_fit(step)
        row[fault], self._plan = _drawn(given, step), plan
        self.document = {**self.document, "steps": [*self.document.get("steps", ()), row]}
        self.steps.append(step)
        return len(self.steps) - 1, step

    def end(self, index: int, for_s: float) -> Step:
        """The step, now that it is known how long it lasted."""
        step, row = self.steps[index], self.document["steps"][index]
        if FAULTS[step.fault].takes_for:
            row["for"] = _text(for_s)
            self.steps[index] = replace(step, for_s=for_s)
        return self.steps[index]

    def void(self, index: int) -> None:
        """The step failed: it is in the plan, for it is on record, and in no scenario that does the same again."""
        if self.steps[index].fault != JOIN:  # who was to join is counted, whatever became of them
            self._void.add(index)

    def _written(self) -> list[dict[str, Any]]:
        return [row for index, row in enumerate(self.document.get("steps", ())) if index not in self._void]

    def plan(self) -> Plan:
        """Of all that was done."""
        return replace(self._plan, steps=tuple(self.steps))

    def text(self) -> str:
        """The scenario."""
        steps = {"steps": self._written()} if self.document.get("steps") else {}
        return text_of({**self.document, **steps})

    def _drawn_up(self, document: dict[str, Any]) -> Plan:
        try:
            return make_plan(self.read(text_of(document)), self.seed)
        except ScenarioError as error:
            raise InputError(_without_places(str(error), self.file)) from None


def text_of(document: dict[str, Any]) -> str:
    """A scenario as YAML."""
    yaml, out = YAML(typ="safe", pure=True), StringIO()
    yaml.default_flow_style = None
    yaml.dump(document or {}, out)
    return out.getvalue()


def _ended(document: dict[str, Any]) -> dict[str, Any]:
    """The same, but each step before the last is over at once."""
    *before, last = document["steps"]
    over = [row | {"for": "0s"} if any(FAULTS[key].takes_for for key in row.keys() & FAULTS) else row for row in before]
    return {**document, "steps": [*over, last]}


def _drawn(given: Any, step: Step) -> Any:
    """The same with the names of those who were drawn, so that later steps can't change the draw."""
    targets = step.params.get("targets")
    if given == "any" or (isinstance(given, dict) and given.keys() == {"any"}):
        return targets
    if isinstance(given, dict):
        return {name: targets if name in ROLES else value for name, value in given.items()}
    return given


def _text(seconds: float) -> str:
    return f"{seconds:.3f}s"


def _without_places(told: str, file: str) -> str:
    """Lines `FILE:LINE:COLUMN: text` of a file that nobody wrote, as one; nor does a text name a place in it."""
    place = rf"{re.escape(file)}:\d+:\d+"
    return "; ".join(re.sub(rf" at {place}", "", re.sub(rf"^{place}: ", "", line)) for line in told.splitlines())
