import subprocess
import sys
import zipfile

import pytest

from harness.packaged import folder, packaged, scenarios
from tests.meta.source import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    built = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        yield archive


def test_a_checkouts_files_are_found():
    assert packaged("conf", "fast.properties") == ROOT / "conf" / "fast.properties"
    assert packaged("scenarios", "restart.yaml") == ROOT / "scenarios" / "restart.yaml"
    assert "restart" in scenarios()


def test_what_is_not_there_is_none():
    assert packaged("conf", "slow.properties") is None
    assert packaged("conf", "") is None


def test_a_wheel_carries_every_conf_and_scenario_inside_the_package(wheel):
    carried = set(wheel.namelist())
    for kind in ("conf", "scenarios"):
        files = {f"harness/{kind}/{path.name}" for path in folder(kind).iterdir() if path.is_file()}
        assert files <= carried


def test_a_wheel_carries_what_a_report_is_made_of(wheel):
    templates = {f"harness/report/html/templates/report.{kind}" for kind in ("html.j2", "css", "js")}
    assert templates <= set(wheel.namelist())


def test_a_wheel_carries_no_tests_and_only_one_package(wheel):
    assert {name.partition("/")[0] for name in wheel.namelist() if ".dist-info/" not in name} == {"harness"}


def test_an_installed_package_finds_its_files_without_the_checkout(wheel, tmp_path):
    wheel.extractall(tmp_path)
    program = "from harness.packaged import packaged; print(packaged('scenarios', 'restart.yaml'))"
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert found.strip() == str(tmp_path / "harness" / "scenarios" / "restart.yaml")
