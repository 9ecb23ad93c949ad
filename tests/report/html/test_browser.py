"""The report of a violated run in a real browser, where there is one."""

import re
import shutil
import subprocess

import pytest

from tests.report.html.tales import ops_of_a_tale, page_of, violated

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=2000")


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """What the page came to in the browser, and what its console said."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    folder = tmp_path_factory.mktemp("browser")
    ops = ops_of_a_tale()
    (folder / "report.html").write_text(page_of(ops, violated(ops)), encoding="utf-8")

    def opened(part=""):
        profile, url = f"--user-data-dir={folder}/profile", f"file://{folder}/report.html{part}"
        done = subprocess.run(
            [browser, *OPTIONS, profile, "--dump-dom", url], capture_output=True, text=True, check=True, timeout=120
        )
        return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    return opened


def boxes(html):
    return {found.split()[2] for found in re.findall(r'class="t"[^>]* viewBox="([^"]+)"', html)}


def test_the_console_stays_silent_and_the_whole_run_is_shown(opened):
    html, console = opened()
    assert console == []
    assert 'class="script"' in html
    assert re.findall(r'class="at tick"[^>]*>([^<]*) s<', html)[:1] == ["0"]


def test_a_violations_link_shows_its_moment_in_every_row(opened):
    whole, _ = opened()
    part, console = opened("#t=1.60,4.60")
    assert console == []
    assert len(boxes(whole)) == len(boxes(part)) == 1
    assert boxes(part) == {"600"}


def test_the_name_of_a_violation_opens_it(opened):
    html, console = opened("#owner-is-the-rings-1")
    assert console == []
    assert re.search(r'<details class="violation" id="owner-is-the-rings-1" open="">', html)
