import json
from importlib import import_module

import pytest

from harness.cli import main
from harness.core.plan import SEED_MAX
from tests.report.soaks import ended


class Soaks:
    """Stands in for carrying out: each task ends with the next of `endings`, or is not begun."""

    def __init__(self):
        self.endings, self.tasks, self.options = [], [], {}
        self.is_stopping, self.disk_bytes = False, 0

    def __call__(self, tasks, at_once, progress, **options):
        self.tasks, self.options = tasks, {"at_once": at_once, **options}
        return self

    def run(self):
        pairs = zip(self.tasks, self.endings, strict=False)
        return [ended(task.seed, ending, scenario=task.scenario) for task, ending in pairs]


@pytest.fixture
def soaks(monkeypatch):
    soaks = Soaks()
    monkeypatch.setattr(import_module("harness.soak"), "Soak", soaks)
    return soaks


def test_seeds_count_from_the_first_and_each_is_given_to_all_scenarios_before_the_next(soaks):
    soaks.endings = ["valid"] * 6
    assert main(["soak", "kill", "restart", "--seed", "7", "--runs-count", "3"]) == 0
    assert [(task.scenario, task.seed) for task in soaks.tasks] == [
        ("kill", 7),
        ("restart", 7),
        ("kill", 8),
        ("restart", 8),
        ("kill", 9),
        ("restart", 9),
    ]


def test_each_run_is_the_command_that_repeats_it(soaks, tmp_path):
    options = ["--set", "cluster.workers=9", "--time-scale", "2", "--runs", str(tmp_path)]
    main(["soak", "restart", "--runs-count", "1", "--etcd", "process", *options])
    (task,) = soaks.tasks
    assert task.words[:5] == ("harness", "run", "restart", "--seed", "1")
    assert sorted(task.words[5:]) == sorted(
        ["--etcd", "process", "--set", "cluster.workers=9", "--time-scale", "2.0", "--runs", str(tmp_path)]
    )


@pytest.mark.parametrize(
    ("endings", "code"),
    [
        (["valid", "valid"], 0),
        (["unknown", "valid"], 2),
        (["violated", "unknown"], 1),
        (["violated", "failed"], 255),
    ],
)
def test_the_worst_of_all_runs_is_the_exit_code(soaks, endings, code):
    soaks.endings = endings
    assert main(["soak", "kill", "--runs-count", "2"]) == code


def test_an_interrupted_soak_sums_up_what_it_has(soaks, capsys):
    soaks.endings, soaks.is_stopping = ["violated", "cut short"], True
    assert main(["soak", "kill", "--runs-count", "5"]) == 130
    out = capsys.readouterr().out
    assert "violated   kill   seed 1" in out
    assert "interrupted: 1 cut short, 3 not begun" in out


def test_json_is_one_document_and_nothing_else(soaks, capsys):
    soaks.endings = ["valid", "violated"]
    assert main(["soak", "kill", "--runs-count", "2", "--json"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert [run["ending"] for run in json.loads(line)["runs"]] == ["valid", "violated"]


def test_quiet_is_one_line_for_each_scenario(soaks, capsys):
    soaks.endings = ["valid", "unknown"]
    main(["soak", "kill", "restart", "--runs-count", "1", "-q"])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["kill", "restart"]


def test_how_many_run_at_once_is_told_with_the_reason(soaks, capsys):
    main(["soak", "kill", "--runs-count", "2", "--jobs", "9"])
    opening, admission = capsys.readouterr().err.splitlines()
    assert opening.startswith("soak   kill   seeds 1 to 2   2 runs, at least ")
    assert admission.startswith("  2 at once, as asked: ")
    assert "of up to 8 nodes" in admission
    assert soaks.options["at_once"] == 2


def test_runs_wait_for_room_unless_somebody_says_how_many_there_may_be(soaks):
    main(["soak", "kill", "--runs-count", "1"])
    assert soaks.options["waits_for_room"]
    main(["soak", "kill", "--runs-count", "1", "--jobs", "1"])
    assert not soaks.options["waits_for_room"]


def test_folders_are_kept_unless_failures_alone_are_asked_for(soaks):
    main(["soak", "kill", "--runs-count", "1"])
    assert soaks.options["keep_all"]
    main(["soak", "kill", "--runs-count", "1", "--keep", "failures"])
    assert not soaks.options["keep_all"]


def test_scenarios_of_one_name_are_told_apart_by_their_files(soaks, tmp_path):
    files = [tmp_path / folder / "tale.yaml" for folder in ("a", "b")]
    for file in files:
        file.parent.mkdir()
        file.write_text("duration: 1s\n")
    main(["soak", *map(str, files), "kill", "kill", "--runs-count", "1"])
    assert [task.scenario for task in soaks.tasks] == [*map(str, files), "kill"]


def test_every_wrong_scenario_is_told_before_anything_is_started(soaks, capsys):
    assert main(["soak", "kill", "nonsense", "nowhere"]) == 254
    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == ["nonsense", "nowhere"]
    assert soaks.tasks == []


@pytest.mark.parametrize(
    "options", [["--runs-count", "0"], ["--jobs", "0"], ["--seed", str(SEED_MAX)], ["--keep", "none"]]
)
def test_wrong_numbers_and_words_are_refused(soaks, options):
    assert main(["soak", "kill", *options]) == 254
    assert soaks.tasks == []
