"""
The tutorial, followed from an empty folder: an environment of its own, all files, commands and steps of the job.

Where PyPI is out of reach it is skipped, with the reason, and fails where `HARNESS_REQUIRE_PYPI` is set.
"""

import os

import pytest

from tests.meta.following import Script, wrong
from tests.meta.source import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]  # pip may take its time

ADDRESS = "git+https://git.example/harness.git"
OWN = ("PYTEST", "PYTHONPATH", "COV_", "VIRTUAL_ENV")


def test_the_tutorial_can_be_followed_from_an_empty_folder(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    said = Script(tmp_path, changed={ADDRESS: ROOT.as_uri()}).read(ROOT / "docs" / "tutorial.md").carry_out(environment)
    installing = next(one for one in said if " install " in one.step.command)
    if installing.status and not os.environ.get("HARNESS_REQUIRE_PYPI"):
        pytest.skip(f"what it needs can't be had: {installing.output.strip().splitlines()[-1]}")
    found = wrong(said)
    assert not found, "\n".join(found)
    assert {one.step.command.split()[0] for one in said} >= {"python3", "harness", ".venv/bin/python"}
