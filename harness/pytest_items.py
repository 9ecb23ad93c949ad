"""Scenarios as items of pytest, one a seed, and what becomes of their verdicts."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness import load_scenario
from harness.cluster.budget import Admission, Budget
from harness.core.plan import Plan
from harness.errors import HarnessError
from harness.report.result import Result
from harness.report.screen import failure
from harness.run import run
from harness.scenario.model import Scenario
from harness.variant import Variant

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr

ADMISSION = pytest.StashKey[Admission | Exception]()
_MARK = re.compile(r"[^\W_][\w.+-]*")


class ScenarioFile(pytest.File):
    """One scenario. What is wrong with it fails its items, and is told there."""

    def collect(self) -> Iterator["ScenarioItem"]:
        name, found = _from(self.config, self.path), self._loaded()
        own = found.seed if isinstance(found, Scenario) else None
        for seed in self.config.getoption("harness_seeds") or (1 if own is None else own,):
            item = ScenarioItem.from_parent(self, name=f"{self.path.stem}[seed {seed}]")
            item.scenario, item.seed, item.file = found, seed, name
            for tag in found.fields.tags if isinstance(found, Scenario) else ():
                _mark(item, tag)
            yield item

    def _loaded(self) -> Scenario | HarnessError:
        try:
            return load_scenario(_from(self.config, self.path))
        except HarnessError as error:
            return error


class ScenarioItem(pytest.Item):
    """One run of a scenario: it passes when the run ends as the scenario expects."""

    scenario: Scenario | HarnessError
    seed: int
    file: str

    def planned(self) -> Plan:
        """Raises HarnessError."""
        if isinstance(self.scenario, HarnessError):
            raise self.scenario
        return variant(self.config).plan(self.scenario, self.seed)

    def runtest(self) -> None:
        with told_in_words():
            plan, admission = self.planned(), admission_of(self)
            assert isinstance(self.scenario, Scenario)
            result = run(plan, self.scenario, runs=variant(self.config).runs, admission=admission)
        self.user_properties += properties(result, admission, self.config)
        settle(result, variant(self.config).repeat(self.file, self.seed), self.config)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> "str | TerminalRepr":
        """What failed on purpose, a time limit too, in words."""
        if isinstance(excinfo.value, pytest.fail.Exception):
            return "\n".join((str(excinfo.value), *getattr(excinfo.value, "__notes__", ())))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"scenario {self.name}"


def variant(config: pytest.Config) -> Variant:
    """As the options of this pytest say."""
    asked = config.getoption("harness_runs")
    runs = Path(asked) if asked else Path(_from(config, config.rootpath / config.getini("harness_runs")))
    return Variant(runs, etcd=config.getoption("harness_etcd"), time_scale=config.getoption("harness_time_scale"))


@contextmanager
def admitted(item: pytest.Item, plan_of: Callable[[Any], Plan]) -> Iterator[None]:
    """Room on the machine for what the item runs; what keeps it from being had fails the item later."""
    try:
        admission = Budget().admit(plan_of(item))
    except Exception as error:  # whatever it is: raised in this hook it would end pytest
        item.stash[ADMISSION] = error
        yield
        return
    with admission:
        item.stash[ADMISSION] = admission
        yield


def admission_of(item: pytest.Item) -> Admission:
    """Raises what kept it from being had."""
    found = item.stash[ADMISSION]
    if isinstance(found, Exception):
        raise found
    return found


@contextmanager
def told_in_words() -> Iterator[None]:
    """An error of the harness fails the test with its text, and no traceback."""
    try:
        yield
    except HarnessError as error:
        told = "\n".join((str(error), *getattr(error, "__notes__", ())))
        raise pytest.fail.Exception(told.replace("--runs", "--harness-runs"), pytrace=False) from None


def hear_ctrl_c(item: pytest.Item, error: BaseException | None) -> None:
    """
    Raises the KeyboardInterrupt that was being obeyed when a time limit, or a cluster that does not stop, raised an
    error of its own: pytest would take that for all there was, and go on with the next item.
    """
    while ADMISSION in item.stash and error is not None:
        if isinstance(error, KeyboardInterrupt):
            raise error
        error = error.__context__


def settle(result: Result, repeat: str, config: pytest.Config, *, has_failed: bool = False) -> None:
    """
    Fail or skip what did not end as expected; the folder of what did goes, unless all are kept, or its test failed.
    One that stays gets its report.
    """
    if has_failed or _is_kept(result, config):
        from harness.report.writing import reported

        reported(result, repeat)
    else:
        shutil.rmtree(result.run_dir)
    if result.as_expected:
        return
    told = failure(result, repeat)
    if result.outcome == "unknown" and config.getini("harness_unknown") == "skip":
        pytest.skip(told)
    pytest.fail(told, pytrace=False)


def _is_kept(result: Result, config: pytest.Config) -> bool:
    return not result.as_expected or (config.getoption("harness_keep") or config.getini("harness_keep")) == "all"


def properties(result: Result, admission: Admission, config: pytest.Config) -> list[tuple[str, Any]]:
    """What a JUnit report holds of a run."""
    told: dict[str, Any] = {"outcome": result.outcome, "seed": result.seed}
    told |= {"run_dir": result.run_dir} if _is_kept(result, config) else {}
    told |= {"waited_s": round(admission.waited_s, 3), **result.phases}
    told |= {row.name: row.outcome for row in result.invariants if row.outcome != "valid"}
    return [(f"harness_{name}", value) for name, value in told.items()]


def _mark(item: pytest.Item, tag: str) -> None:
    """A tag is a mark, where a mark can be written so."""
    if _MARK.fullmatch(tag):
        item.config.addinivalue_line("markers", f"{tag}: a tag of scenarios")
        item.add_marker(tag)


def _from(config: pytest.Config, path: Path) -> str:
    """A path as somebody would type it where pytest was started."""
    here = config.invocation_params.dir
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)
