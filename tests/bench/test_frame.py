"""The frame of the bench: what a row says, how rows are shown, kept and asked for."""

import json
import subprocess
import sys

import pytest

from tests.bench import frame
from tests.bench.frame import Row, in_turns
from tests.meta.source import ROOT

FASTER = Row("start", 1.5, "s", "one by one", 3.0, at_most=0.6)


@pytest.fixture
def figures(tmp_path):
    return tmp_path / "figures.json"


def line_of(table, what):
    return next(line.split() for line in table.splitlines() if what in line)


def test_the_aim_is_of_the_ratio_where_there_is_one():
    assert FASTER.is_met
    assert not Row("start", 1.5, "s", "one by one", 2.0, at_most=0.6).is_met


def test_without_anything_to_hold_it_against_the_aim_is_of_the_figure():
    assert Row("memory", 9.0, "MB", at_most=10).is_met
    assert not Row("memory", 11.0, "MB", at_most=10).is_met
    assert not Row("found", 9.0, "of 10", at_least=10).is_met
    assert Row("anything", 9.0, "MB").is_met


def test_measures_take_turns():
    order = []
    assert in_turns(2, lambda: order.append("a") or 1.0, lambda: order.append("b") or 2.0) == ([1.0, 1.0], [2.0, 2.0])
    assert order == ["a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("value", "shown"), [(0.01234, "0.0123"), (1.5, "1.50"), (99.96, "100"), (20500.4, "20500"), (0.0, "0.00")]
)
def test_a_number_has_three_digits_that_count(value, shown):
    assert frame.number(value) == shown


def test_a_table_has_figure_ratio_aim_and_what_was_stored():
    table = frame.told({"starting": [FASTER]}, {"starting": [{"what": "start", "figure": 9, "ratio": 0.75}]})
    assert " ".join(line_of(table, "  start")) == "start 1.50 s one by one 3.00 0.500 at most 0.6 0.750"


def test_a_table_says_which_aim_was_missed():
    assert "at most 10, missed" in frame.told({"size": [Row("memory", 11.0, "MB", at_most=10)]}, {})


def test_what_is_stored_is_shown_the_next_time(figures):
    frame.store({"starting": [FASTER]}, figures)
    kept = frame.stored(figures)
    assert line_of(frame.told({"starting": [FASTER]}, kept["subjects"]), "  start")[-1] == "0.500"
    assert kept["machine"]["cores"] > 0


def test_storing_one_subject_keeps_the_others_and_drops_rows_that_are_no_more(figures):
    frame.store({"starting": [FASTER, Row("gone", 1.0, "s")], "size": [Row("memory", 9.0, "MB")]}, figures)
    frame.store({"starting": [FASTER]}, figures)
    subjects = frame.stored(figures)["subjects"]
    assert [row["what"] for row in subjects["starting"]] == ["start"]
    assert [row["what"] for row in subjects["size"]] == ["memory"]


def test_where_nothing_was_stored_nothing_is_shown(figures):
    assert frame.stored(figures) == {"machine": {}, "subjects": {}}


def test_a_subject_that_there_is_not_is_refused_with_those_there_are():
    with pytest.raises(KeyError, match="startt: no subject; there are size, start"):
        frame.subjects(["startt"], {"start": None, "size": None})


def test_without_names_all_are_measured():
    assert frame.subjects([], {"b": None, "a": None}) == ["a", "b"]


def test_the_program_measures_a_subject_and_tells_it_as_json():
    program = [sys.executable, "-m", "tests.bench", "imports", "--json"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)["imports"]
    assert {"what", "figure", "unit"} <= set(rows[0])
    assert f"imports: {rows[0]['what']}: " in done.stderr
