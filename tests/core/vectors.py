"""Alluxio's own answers, read from tests/data/vectors."""

import json
from functools import cache
from pathlib import Path

from harness.core.identity import WorkerId

FOLDER = Path(__file__).parents[1] / "data" / "vectors"


@cache
def vectors(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def workers(rows):
    return [WorkerId(row["version"], bytes.fromhex(row["identifier"])) for row in rows]
