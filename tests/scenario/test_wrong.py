"""Every file in `data/wrong` is wrong, and the `.txt` beside it is all that is said about it."""

from pathlib import Path

import pytest

from harness.errors import ScenarioError
from harness.scenario.plan import make_plan
from tests.scenario.reading import read

FOLDER = Path(__file__).parent.parent / "data" / "wrong"
FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_wrong_file_is_told_line_by_line(file):
    with pytest.raises(ScenarioError) as told:
        make_plan(read(file.read_text(), file.name), 7)
    assert str(told.value) + "\n" == file.with_suffix(".txt").read_text()


def test_there_is_a_text_for_each_and_nothing_else():
    assert {file.stem for file in FILES} == {file.stem for file in FOLDER.glob("*.txt")}
    assert len(FILES) >= 30
