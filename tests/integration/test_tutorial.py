"""
What is for new users, followed from an empty folder: an environment of its own, all files and commands.

Where PyPI is out of reach they are skipped, with the reason, and fail where `HARNESS_REQUIRE_PYPI` is set.
"""

import os

import pytest

from tests.meta.following import Script, alone, wrong
from tests.meta.source import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]  # pip may take its time

ADDRESS = "git+https://git.example/harness.git"
OWN = ("PYTEST", "PYTHONPATH", "COV_", "VIRTUAL_ENV")


@pytest.mark.parametrize("name", ["tutorial.md", "cluster.md"])
def test_a_new_user_can_follow_from_an_empty_folder(name, tmp_path, tmp_path_factory):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    with alone(tmp_path_factory):
        said = Script(tmp_path, changed={ADDRESS: ROOT.as_uri()}).read(ROOT / "docs" / name).carry_out(environment)
    installing = next(one for one in said if " install " in one.step.command)
    if installing.status and not os.environ.get("HARNESS_REQUIRE_PYPI"):
        pytest.skip(f"what it needs can't be had: {installing.output.strip().splitlines()[-1]}")
    found = wrong(said)
    assert not found, "\n".join(found)
    assert {one.step.command.split()[0] for one in said} >= {"python3", "harness"}
