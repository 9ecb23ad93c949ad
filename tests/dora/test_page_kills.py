"""
Workers that are killed while they write pages. The whole worker is forked from a process that has imported it, filled
and read over HTTP, and killed as often as HARNESS_TEST_PAGE_KILLS says.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("HARNESS_TEST_PAGE_KILLS", "20"))
MANY = 100
TEARS_PAGES = """
from tests.zoo import animals_pages
from tests.zoo.animals_pages import TearsPages
animals_pages._SLOW_S = 0.01
"""

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600 + 3 * KILLS)]


@pytest.fixture
def kill_often(tmp_path, etcd):
    def run(kills, *part):
        command = [sys.executable, "-m", "tests.dora.page_kills", tmp_path, etcd.name, etcd.endpoint, str(kills), *part]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    return run


def test_after_each_kill_every_page_that_is_served_is_the_ufs(tmp_path, kill_often):
    done = kill_often(KILLS)
    assert (done.returncode, done.stderr) == (0, "")
    kills, half_written, hits = map(int, re.findall("[0-9]+", done.stdout))
    assert (kills, hits > KILLS) == (KILLS, True)
    assert half_written or KILLS < MANY, done.stdout
    log = (tmp_path / "killed" / "log").read_text()
    assert ("Traceback" in log, "pages are not kept" in log) == (False, False)


def test_a_worker_that_keeps_half_written_pages_is_found_out(tmp_path, kill_often):
    (tmp_path / "tears.py").write_text(TEARS_PAGES)
    done = kill_often(20, f"{tmp_path / 'tears.py'}:TearsPages")
    assert done.returncode == 1
    assert "which are not those of the UFS" in done.stderr
