import pytest

from harness import load_scenario
from harness.errors import InputError, ScenarioError
from harness.load import find_scenario
from harness.packaged import scenarios


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_packaged_scenario_is_found_by_its_name_from_anywhere():
    assert find_scenario("restart") == scenarios()["restart"]


def test_a_file_comes_before_a_packaged_name(tmp_path):
    (tmp_path / "restart").write_text("")
    assert find_scenario("restart").read_text() == ""


def test_an_unknown_name_names_the_nearest_and_all():
    with pytest.raises(InputError, match=r"^restrat: .*did you mean 'restart'\? \(bring-up, .*restart\)$"):
        find_scenario("restrat")


@pytest.mark.parametrize("name", scenarios())
def test_every_packaged_scenario_is_right(name):
    load_scenario(name)


def test_a_folder_is_no_scenario(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        find_scenario(tmp_path)


def test_what_is_no_text_is_told_with_the_byte(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"tags: [\xff]")
    with pytest.raises(InputError, match=r"x\.yaml is no UTF-8 text: byte 7 is 0xff"):
        load_scenario("x.yaml")


def test_a_conf_beside_the_scenario_comes_first(tmp_path):
    (tmp_path / "mine" / "conf").mkdir(parents=True)
    (tmp_path / "mine" / "conf" / "fast.properties").write_text("alluxio.nonsense=1\n")
    (tmp_path / "mine" / "x.yaml").write_text("cluster: {conf: fast}\n")
    with pytest.raises(InputError, match=r"alluxio\.nonsense"):
        load_scenario("mine/x.yaml")


def test_a_conf_that_is_nowhere_is_wrong_input(tmp_path):
    (tmp_path / "x.yaml").write_text("cluster: {conf: nowhere}\n")
    with pytest.raises(ScenarioError, match="nowhere"):
        load_scenario("x.yaml")


def test_overrides_are_applied_before_the_check(tmp_path):
    (tmp_path / "x.yaml").write_text("cluster: {workers: 2}\n")
    with pytest.raises(ScenarioError, match="workers"):
        load_scenario("x.yaml", [("cluster.workers", "none")])
