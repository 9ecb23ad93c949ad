"""Whatever one field of a history holds, the run is judged or the field is told: nothing else ever comes out."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import check
from harness.errors import InputError
from harness.report.result import Result
from harness.report.run_dir import RunDir
from harness.report.writing import write_report
from tests.meta.source import ROOT

STORED = ROOT / "tests" / "data" / "run"
LINES = (STORED / "history.jsonl").read_text(encoding="utf-8").splitlines()
GONE = object()
VALUES = (
    st.sampled_from([GONE, None, True, "seven", "worker-2", "", [], {}, [[]], {"a": "b"}, 1 << 70, -1])
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
)


def places(data):
    """Every container with a key or index in it."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield data, key
        yield from places(value)


def changed(number, value, seed):
    """The stored history with one field of one line put to another value, or taken out."""
    row = json.loads(LINES[number])
    holder, key = random.Random(seed).choice(list(places(row)))
    if value is GONE:
        del holder[key]
    else:
        holder[key] = value
    return [*LINES[:number], json.dumps(row), *LINES[number + 1 :]]


@pytest.fixture
def run_dir(tmp_path):
    (tmp_path / "plan.json").write_bytes((STORED / "plan.json").read_bytes())
    return RunDir(tmp_path)


def told(run_dir: RunDir, lines: list[str]) -> Result | str:
    run_dir.history.write_text("\n".join(lines) + "\n", encoding="utf-8")
    try:
        result = check(run_dir.path)
        write_report(run_dir, result)
    except InputError as error:
        return str(error)
    return result


def test_the_stored_history_is_valid_as_it_is():
    assert check(Path(STORED)).outcome == "valid"


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, len(LINES) - 1), value=VALUES, seed=st.integers(0, 10_000))
def test_a_history_with_anything_anywhere_is_judged_or_refused_in_a_line(run_dir, number, value, seed):
    found = told(run_dir, changed(number, value, seed))
    assert isinstance(found, Result) or found.startswith(f"{run_dir.history}:")
    assert isinstance(found, Result) or "\n" not in found
