"""Scenarios as files: finding one by path or packaged name, and reading it with what it refers to."""

import symtable
from collections.abc import Iterable
from difflib import get_close_matches
from os import X_OK, access
from os.path import isdir, isfile, lexists  # a name that no file can have is False, where Path.is_file raises
from pathlib import Path
from shutil import which
from typing import Any

from harness.checks import INVARIANTS
from harness.checks.catalogue import is_own
from harness.core.lasting import is_for_good
from harness.core.plan import Plan, Step
from harness.errors import InputError, ScenarioError
from harness.faults import FAULTS
from harness.packaged import packaged, scenarios
from harness.scenario.diary import Diary
from harness.scenario.guests import CLIENT
from harness.scenario.model import Scenario
from harness.scenario.parse import parse
from harness.scenario.tree import in_order
from harness.scenario.wording import nearest

ENDINGS = (".yaml", ".yml")
_OF_CLUSTER = ("workers", "clients", "users", "neighbour", "conf", "properties", "broken")
_OF_WORKLOAD = ("keys", "lookups_per_s", "reads_per_s")
_BYTES_MAX = 500_000
_LEFT_OUT = {"steps", "duration", "tail"}
Override = tuple[str, str]


def find_scenario(name: str | Path) -> Path:
    """A file of that path, else the packaged scenario of that name. Raises InputError when there is neither."""
    if isfile(name):
        if Path(name).suffix == ".py":
            raise InputError(f"{name} is Python, and no scenario; tests with clusters are run by pytest")
        return Path(name)
    known = scenarios()
    if str(name) in known:
        return known[str(name)]
    if isdir(name) and (within := [str(name / Path(f"*{end}")) for end in ENDINGS if any(Path(name).glob(f"*{end}"))]):
        raise InputError(f"{name}: a folder, and no scenario; name those in it: {' '.join(within)}")
    beside = next((file for ending in ENDINGS if isfile(file := f"{name}{ending}")), None)
    near = [beside] if beside else get_close_matches(Path(name).stem.lower(), known, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    what = "a folder, and no scenario" if isdir(name) else "no such file, and no packaged scenario"
    what = "no plain file" if lexists(name) and not isdir(name) else what
    raise InputError(f"{str(name) or repr('')}: {what}; {hint}there are {', '.join(known)}")


def load_scenario(name: str | Path, overrides: Iterable[Override] = ()) -> Scenario:
    """
    Read and check a scenario, `overrides` (dotted path, value) applied first.

    Raises InputError when it can't be read, ScenarioError with one line per error when it is wrong.
    """
    file = find_scenario(name)
    return scenario_of(read(file), file, overrides)


def scenario_of(text: str, file: Path, overrides: Iterable[Override] = ()) -> Scenario:
    """A text as if it stood in `file`, beside which is looked for what it names. Raises ScenarioError."""
    scenario = parse(
        text,
        str(file),
        find_conf=lambda conf: _conf(conf, file.parent),
        invariants=tuple(INVARIANTS),
        own=[name for name in INVARIANTS if is_own(name)],
        overrides=tuple(overrides),
    )
    parts = {node: _part_problem(part, file.parent) for node, part in scenario.fields.cluster.broken.items()}
    problems = [scenario.tree.at_value(("cluster", "broken", node), text) for node, text in parts.items() if text]
    guest = scenario.fields.system and scenario.fields.system.client
    if guest and (misfit := _program_problem(guest.command[0], file.parent)):
        problems.append(scenario.tree.at_value((*CLIENT, "command", 0), misfit))
    if problems:
        raise ScenarioError(in_order(problems))
    return scenario


def load_diary(
    name: str, folder: Path, scenario: str | Path | None = None, seed: int | None = None, /, **fields: Any
) -> Diary:
    """
    Of a cluster as a scenario has it (its steps are left out), with `fields` over it: those of a scenario, `workers`
    and the like without their `cluster`, `etcd=3` for its members. What they name is looked for in `folder`.

    The seed is the one given, else the scenario's, else 1. Raises InputError.
    """
    if given := fields.keys() & _LEFT_OUT:
        raise InputError(f"{min(given)} can't be asked for: what happens, and how long it takes, is up to the test")
    file, document = folder / f"{name}.yaml", dict[str, Any]()
    if scenario is not None:
        beside = folder / scenario
        file = find_scenario(beside if beside.is_file() else scenario)
        document = dict(scenario_of(read(file), file).tree.data)
    document = {key: value for key, value in document.items() if key not in _LEFT_OUT}
    for key, value in fields.items():
        block = "cluster" if key in (*_OF_CLUSTER, "etcd") else "workload" if key in _OF_WORKLOAD else ""
        own = document.get(block, {}) if block else document
        written = {**own.get("etcd", {}), "members": value} if key == "etcd" and isinstance(value, int) else value
        document |= {block: {**own, key: written}} if block else {key: written}
    drawn = seed if seed is not None else document.get("seed")
    return Diary(str(file), document, 1 if drawn is None else drawn, lambda text: scenario_of(text, file))


def diary_of(scenario: Scenario, plan: Plan) -> Diary:
    """Of a run that was carried out by this plan, and goes on by hand, with a place for programs of its user."""
    document = {key: value for key, value in scenario.tree.data.items() if key not in ("duration", "tail")}
    document["cluster"] = {**document.get("cluster", {}), "users": 1}
    document["steps"] = [*map(_healed, document.get("steps", ()), plan.steps)]
    file = Path(scenario.file)
    return Diary(str(file), document, plan.seed, lambda text: scenario_of(text, file), list(plan.steps))


def _healed(row: dict[str, Any], step: Step) -> dict[str, Any]:
    """The row of a step of a run that is over: what had no end of its own was healed at the run's."""
    has_end = step.for_s is not None or is_for_good(step) or not FAULTS[step.fault].takes_for
    return row if has_end else {**row, "for": "0s"}


def read(file: Path) -> str:
    """Raises InputError when it is no readable text, or so long that nobody has written it."""
    try:
        if (found := file.stat().st_size) > _BYTES_MAX:
            raise InputError(f"{file} is too big: it has {found:,} bytes; up to {_BYTES_MAX:,} are read")
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"can't read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is no UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}") from error


def _part_problem(part: str, folder: Path) -> str | None:
    """What is wrong with `FILE.py:CLASS`, the file beside the scenario; read, and not run."""
    name, _, wanted = part.rpartition(":")
    file = folder / name
    if not isfile(file):
        return f"there is no {name}; it is looked for beside the scenario"
    try:
        names = symtable.symtable(read(file), name, "exec")
    except InputError as error:
        return str(error)
    except (SyntaxError, ValueError) as error:
        return f"this is not Python: {error}"
    if any(
        found.get_name() == wanted and (found.is_assigned() or found.is_imported()) for found in names.get_symbols()
    ):
        return None
    classes = [table.get_name() for table in names.get_children() if table.get_type() == "class"]
    return f"{name} has no class {wanted!r}; {nearest(wanted, classes)}there are {', '.join(classes) or 'none'}"


def _program_problem(program: str, folder: Path) -> str | None:
    """What is wrong with a program to be run: a path from the scenario's folder, or a name that PATH leads to."""
    if "/" in program:
        file = folder / program
        is_program = isfile(file) and access(file, X_OK)
        return None if is_program else f"{program!r} is no program; it is looked for beside the scenario"
    return None if which(program) else f"no program {program!r} is on PATH; ./{program} is one beside the scenario"


def _conf(name: str, folder: Path) -> str | None:
    """`conf/NAME.properties` beside the scenario, in the working folder, or packaged."""
    file = f"{name}.properties"
    places = [folder / "conf" / file, Path("conf") / file, packaged("conf", file)]
    found = next((place for place in places if place and isfile(place)), None)
    return read(found) if found else None
