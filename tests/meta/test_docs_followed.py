"""Every command and every file of the documents, carried out as a reader would."""

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.meta.documents import READ, blocks_of
from tests.meta.following import Script, alone, wrong
from tests.meta.source import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(660)]

FROM_NOTHING = [ROOT / "docs" / name for name in ("tutorial.md", "cluster.md")]
"""Followed by tests/integration/test_tutorial.py, installation and all."""
NOT_RUN = {
    r"python3 -m venv .*": "the folder has the environment of these tests",
    r"(python3 -m )?pip .*": "what it installs is there; the tutorial is followed with all of it",
    r"\.venv/bin/tox": "these tests, within themselves",
    r"harness soak partition --runs-count 50": "takes minutes; docs/ci.md has a shorter one",
    r"harness soak scenarios/\*\.yaml --runs-count 3": "takes half an hour; the tests run each once",
    r"dora info nodes -D alluxio\.etcd\.endpoints=http://etcd\.example:2379": "there is no such etcd",
}
"""Commands that are only read, with the reason."""
CHANGED = {"--runs-count 6": "--runs-count 1"}
SCENARIOS = [block for path in READ for block in blocks_of(path) if block.language == "yaml" and not block.file]
FOLLOWED = [path for path in READ if path not in FROM_NOTHING and Script(ROOT, NOT_RUN).read(path).steps]


@pytest.fixture
def environment():
    """Without what this pytest tells its own children."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_", "CI"))}
    return {**kept, "PATH": f"{Path(sys.prefix, 'bin')}:{os.environ['PATH']}"}


@pytest.mark.parametrize("document", FOLLOWED, ids=lambda path: path.name)
def test_a_document_can_be_followed_to_the_letter(document, tmp_path, environment, tmp_path_factory):
    (tmp_path / ".venv").symlink_to(sys.prefix)
    with alone(tmp_path_factory) if "harness up" in document.read_text() else nullcontext():
        said = Script(tmp_path, NOT_RUN, CHANGED).read(document).carry_out(environment)
    found = wrong(said)
    assert not found, "\n".join(found)


def test_every_scenario_that_a_document_shows_comes_out_as_it_expects(tmp_path, environment):
    """A part of one, as steps alone, is planned elsewhere. The one with a client of somebody else gets a real one."""
    (tmp_path / "bin").mkdir()
    client = tmp_path / "bin" / "my-client"
    client.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/tests/clients/plain_client.py "$@"\n')
    client.chmod(0o755)
    files = [f"shown-{number}.yaml" for number, block in enumerate(SCENARIOS) if not block.text.startswith("- ")]
    for file in files:
        (tmp_path / file).write_text(SCENARIOS[int(file[6:-5])].text)
    command = [sys.executable, "-m", "harness", "soak", *files, "--runs-count", "1", "--etcd", "process"]
    path = f"{client.parent}:{environment['PATH']}"
    own = {**environment, "PATH": path}
    done = subprocess.run(command, cwd=tmp_path, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
