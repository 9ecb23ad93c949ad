"""Scenarios as files: finding one by path or packaged name, and reading it with what it refers to."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from harness.checks import INVARIANTS
from harness.errors import InputError
from harness.packaged import packaged, scenarios
from harness.scenario.model import Scenario
from harness.scenario.parse import parse

Override = tuple[str, str]


def find_scenario(name: str | Path) -> Path:
    """A file of that path, else the packaged scenario of that name. Raises InputError when there is neither."""
    if Path(name).is_file():
        return Path(name)
    known = scenarios()
    if str(name) in known:
        return known[str(name)]
    near = get_close_matches(Path(name).stem, known, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise InputError(f"{name}: no such file, and no packaged scenario; {hint}({', '.join(known)})")


def load_scenario(name: str | Path, overrides: Iterable[Override] = ()) -> Scenario:
    """
    Read and check a scenario, `overrides` (dotted path, value) applied first.

    Raises InputError when it can't be read, ScenarioError with one line per error when it is wrong.
    """
    file = find_scenario(name)
    return parse(
        read(file),
        str(file),
        find_conf=lambda conf: _conf(conf, file.parent),
        invariants=tuple(INVARIANTS),
        overrides=tuple(overrides),
    )


def read(file: Path) -> str:
    """Raises InputError when it is no readable text."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"can't read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is no UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}") from error


def _conf(name: str, folder: Path) -> str | None:
    """`conf/NAME.properties` beside the scenario, in the working folder, or packaged."""
    file = f"{name}.properties"
    places = [folder / "conf" / file, Path("conf") / file, packaged("conf", file)]
    found = next((place for place in places if place and place.is_file()), None)
    return read(found) if found else None
