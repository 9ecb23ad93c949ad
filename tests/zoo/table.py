"""The zoo as `tests/README.md` tells it."""

import re
from pathlib import Path
from typing import NamedTuple

ZOO = Path(__file__).parent
_ROW = re.compile(r"^\| (`\w+`(?:, `\w+`)*) \| [^|]+ \| \[([\w-]+)\]\(zoo/\2\.yaml\) \| `([\w-]+)` \|$", re.MULTILINE)


class Row(NamedTuple):
    animals: frozenset[str]
    caught_by: str


def rows():
    """By scenario; one that stands there twice is an error."""
    text = (ZOO.parent / "README.md").read_text(encoding="utf-8")
    found = [(story, Row(frozenset(re.findall(r"\w+", names)), by)) for names, story, by in _ROW.findall(text)]
    assert len(dict(found)) == len(found)
    return dict(found)
