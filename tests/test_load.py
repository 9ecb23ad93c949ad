import pytest

from harness import load_scenario, make_plan
from harness.errors import InputError, ScenarioError
from harness.load import diary_of, find_scenario, load_diary
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
    with pytest.raises(InputError, match=r"^restrat: .*did you mean 'restart'\? there are bring-up, .*restart$"):
        find_scenario("restrat")


@pytest.mark.parametrize("name", scenarios())
def test_every_packaged_scenario_is_right(name):
    assert make_plan(load_scenario(name), 1).scenario == name


def test_a_folder_is_no_scenario(tmp_path):
    with pytest.raises(InputError, match="a folder, and no scenario"):
        find_scenario(tmp_path)


def test_of_a_folder_with_scenarios_it_is_told_how_to_name_them(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "quick.yml").write_text("{}")
    with pytest.raises(InputError, match=r"^mine/: a folder, and no scenario; name those in it: mine/\*\.yml$"):
        find_scenario("mine/")


def test_a_test_is_no_scenario(tmp_path):
    (tmp_path / "test_it.py").write_text("")
    with pytest.raises(InputError, match=r"^test_it\.py is Python, and no scenario; .* run by pytest$"):
        find_scenario("test_it.py")


def test_a_file_named_without_its_ending_is_suggested(tmp_path):
    (tmp_path / "quick.yaml").write_text("{}")
    with pytest.raises(InputError, match=r"^quick: .*did you mean 'quick.yaml'\?"):
        find_scenario("quick")


def test_what_is_no_text_is_told_with_the_byte(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"tags: [\xff]")
    with pytest.raises(InputError, match=r"x\.yaml is no UTF-8 text: byte 7 is 0xff"):
        load_scenario("x.yaml")


def test_a_file_that_is_too_big_is_told_before_it_is_read(tmp_path):
    (tmp_path / "x.yaml").write_text("# a\n" * 125_000)
    with pytest.raises(ScenarioError, match="the file is empty"):
        load_scenario("x.yaml")
    (tmp_path / "x.yaml").write_text("# a\n" * 125_001)
    with pytest.raises(InputError, match=r"^x\.yaml is too big: it has 500,004 bytes; up to 500,000 are read$"):
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


def broken(tmp_path, part, source="class Stale:\n    pass\n"):
    (tmp_path / "animals.py").write_text(source)
    (tmp_path / "x.yaml").write_text(f"cluster:\n  broken:\n    worker-1: {part}\n")
    return load_scenario("x.yaml")


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("animal.py:Stale", "there is no animal.py; it is looked for beside the scenario"),
        ("animals.py:Stal", "animals.py has no class 'Stal'; did you mean 'Stale'? there are Stale"),
        (f"{'a' * 300}.py:Stale", f"there is no {'a' * 300}.py; it is looked for beside the scenario"),
    ],
    ids=["no file", "no class", "no possible file"],
)
def test_a_broken_node_without_its_class_is_told_with_its_place(tmp_path, part, told):
    with pytest.raises(ScenarioError) as error:
        broken(tmp_path, part)
    assert str(error.value) == f"x.yaml:3:15: {told}"


def test_a_class_in_a_file_that_is_not_python_is_told_with_its_place(tmp_path):
    with pytest.raises(ScenarioError, match=r"^x\.yaml:3:15: this is not Python: .*\(animals\.py, line 2\)$"):
        broken(tmp_path, "animals.py:Stale", "import os\nclass Stale(:\n")


@pytest.mark.parametrize(
    "source", ["from elsewhere import Stale", "Stale = print", "try:\n    class Stale: ...\nfinally: ..."]
)
def test_a_class_may_be_made_in_any_way_and_its_file_is_not_run(tmp_path, source):
    assert broken(tmp_path, "animals.py:Stale", f"{source}\n1 / 0\n").fields.cluster.broken


def test_a_name_that_no_file_can_have_is_wrong_input():
    with pytest.raises(InputError, match="no such file"):
        find_scenario("a" * 300)


def test_the_invariants_about_the_harness_itself_can_not_be_left_out(tmp_path):
    (tmp_path / "x.yaml").write_text("invariants: {default: true, without: [faults-are-proven, one-live-process]}\n")
    with pytest.raises(ScenarioError, match=r"^x\.yaml:1:39: faults-are-proven is about the harness itself"):
        load_scenario("x.yaml")


def test_overrides_are_applied_before_the_check(tmp_path):
    (tmp_path / "x.yaml").write_text("cluster: {workers: 2}\n")
    with pytest.raises(ScenarioError, match="workers"):
        load_scenario("x.yaml", [("cluster.workers", "none")])


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("./client", "'./client' is no program; it is looked for beside the scenario"),
        ("text.md", "no program 'text.md' is on PATH; ./text.md is one beside the scenario"),
        ("./text.md", "'./text.md' is no program; it is looked for beside the scenario"),
    ],
)
def test_a_command_whose_program_is_not_there_is_told_with_its_place(tmp_path, program, told):
    (tmp_path / "text.md").write_text("no program")
    (tmp_path / "x.yaml").write_text(f"system:\n  client:\n    command: [{program}]\n")
    with pytest.raises(ScenarioError) as error:
        load_scenario("x.yaml")
    assert str(error.value) == f"x.yaml:3:15: {told}"


def test_a_program_is_found_beside_the_scenario_and_by_name(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "client").touch(mode=0o755)
    for program in ("./client", "sh"):
        (tmp_path / "mine" / "x.yaml").write_text(f"system: {{client: {{command: [{program}]}}}}")
        assert load_scenario("mine/x.yaml").fields.system.client.command == [program]


def test_a_cluster_asked_for_with_so_many_etcd_members_keeps_what_else_its_scenario_says_of_etcd(tmp_path):
    (tmp_path / "x.yaml").write_text("cluster: {workers: 2, etcd: {members: 1, timers: default, runtime: process}}\n")
    asked = load_diary("a", tmp_path, "x.yaml", workers=3, etcd=3).plan()
    assert (len(asked.etcd.members), len(asked.workers)) == (3, 3)
    assert (asked.etcd.timers, asked.etcd.runtime) == ("default", "process")
    assert load_diary("a", tmp_path, "x.yaml", etcd={"members": 3}).plan().etcd.timers == "tuned"


STEPS = """\
cluster: {workers: 5}
steps:
  - {at: 1s, pause: worker-1}
  - {at: 2s, isolate: worker-2, for: 1s}
  - {at: 3s, kill: worker-3}
  - {at: 4s, restart: worker-4}
  - {at: 5s, partition: [[worker-5], rest]}
duration: 10s
"""


def test_what_was_open_at_the_end_of_a_run_that_is_kept_had_its_end_there(tmp_path):
    (tmp_path / "x.yaml").write_text(STEPS)
    scenario = load_scenario("x.yaml")
    plan = make_plan(scenario, 1)
    diary = diary_of(scenario, plan)
    assert [row.get("for") for row in diary.document["steps"]] == ["0s", "1s", None, None, "0s"]
    assert diary.steps == list(plan.steps)
    diary.begin("pause", "worker-1", 20.0, None)
    with pytest.raises(InputError, match=r"worker-3 is .*kill"):
        diary.begin("pause", "worker-3", 21.0, None)
