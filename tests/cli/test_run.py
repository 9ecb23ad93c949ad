import fcntl
import json
from importlib import import_module

import pytest

from harness.cli import main
from harness.cluster import budget
from harness.errors import ClusterError
from tests.report.runs import broken, held, judged, ordinary_ops, summed_up


class Runs:
    """
    Stands in for carrying out: each run answers with the next of `answers`, an error or a judgement; `seen` is what
    `during` gives while each goes on.
    """

    def __init__(self):
        self.answers, self.asked, self.during, self.seen = [], [], lambda: None, []

    def run(self, plan, scenario, **options):
        self.asked.append((plan, scenario, options))
        self.seen.append(self.during())
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return summed_up(plan, ordinary_ops(), answer, "runs/tale-7")


@pytest.fixture
def runs(monkeypatch):
    runs = Runs()
    monkeypatch.setattr(import_module("harness.run"), "run", runs.run)
    return runs


VALID = judged(held())
VIOLATED = judged(broken(()), outcome="violated", as_expected=False)
UNKNOWN = judged(outcome="unknown", as_expected=False)


def test_stdout_carries_the_result_and_stderr_the_seed_and_the_repeat(runs, capsys):
    runs.answers.append(VALID)
    assert main(["run", "restart", "--seed", "7"]) == 0
    out, err = capsys.readouterr()
    first, last = err.splitlines()[0], err.splitlines()[-1]
    assert "views-agree" in out
    assert first == "restart   seed 7   5 workers, 2 clients, 1 etcd   repeat: harness run restart --seed 7"
    assert last == "restart   seed 7   exit 0   repeat: harness run restart --seed 7"


def test_the_seed_of_a_scenario_is_the_seed_of_its_run_and_is_told(runs, tmp_path, capsys):
    (tmp_path / "tale.yaml").write_text("seed: 41\n")
    runs.answers += [VALID, VALID]
    assert main(["run", str(tmp_path / "tale.yaml")]) == 0
    err = capsys.readouterr().err.splitlines()
    assert err[0].startswith("tale   seed 41   ")
    assert err[-1].endswith("--seed 41")
    assert main(["run", str(tmp_path / "tale.yaml"), "--seed", "0"]) == 0
    assert [plan.seed for plan, _, _ in runs.asked] == [41, 0]


def shares_held(folder):
    """Of the user's budget of this machine, whoever holds them."""

    def is_held(path):
        with path.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    return sum(is_held(path) for path in folder.glob("harness-budget/share-*"))


def test_a_run_that_waits_for_room_holds_it_until_it_is_over_and_no_other_does(runs, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(budget, "Calm", lambda: lambda: True)
    runs.answers += [VALID, ClusterError("no room"), VALID]
    runs.during = lambda: shares_held(tmp_path)
    main(["run", "restart", "kill", "--wait-for-room"])
    assert shares_held(tmp_path) == 0
    main(["run", "restart"])
    waited, failed, not_waited = runs.seen
    assert waited > 0
    assert failed > 0
    assert not_waited == 0


def test_json_is_one_line_a_run(runs, capsys):
    runs.answers += [VALID, VALID]
    assert main(["run", "restart", "kill", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["scenario"] for row in rows] == ["restart", "kill"]


def test_the_repeat_has_every_option_that_matters(runs, capsys):
    runs.answers.append(VALID)
    options = ["--set", "cluster.workers=9", "--etcd", "process", "--fabric", "namespaces", "--time-scale", "2"]
    main(["run", "restart", "--seed", "7", *options])
    words = capsys.readouterr().err.splitlines()[0].partition("repeat: ")[2].split()
    assert sorted(words) == sorted(["harness", "run", "restart", "--seed", "7", *options[:-1], "2.0"])


def test_what_was_asked_for_is_what_is_carried_out(runs, tmp_path):
    runs.answers.append(VALID)
    main(["run", "restart", "--seed", "7", "--etcd", "process", "--time-scale", "2", "--runs", str(tmp_path)])
    ((plan, scenario, options),) = runs.asked
    assert (plan.scenario, plan.seed, plan.time_scale) == ("restart", 7, 2.0)
    assert (plan.etcd.runtime, options["fabric"], options["runs"]) == ("process", "auto", tmp_path)
    assert scenario.text.startswith("# A restart")


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([VALID, VALID], 0),
        ([UNKNOWN, VALID], 2),
        ([VIOLATED, UNKNOWN], 1),
        ([VIOLATED, ClusterError("no room")], 255),
    ],
)
def test_of_several_scenarios_the_worst_counts_and_all_are_run(runs, answers, code):
    runs.answers += answers
    assert main(["run", "restart", "kill"]) == code
    assert len(runs.asked) == 2


def test_one_wrong_scenario_keeps_all_from_starting_and_each_wrong_one_is_told(runs, capsys):
    assert main(["run", "kill", "nonsense", "nowhere"]) == 254
    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == ["nonsense", "nowhere"]
    assert runs.asked == []


def test_quiet_is_one_line_for_each_result(runs, capsys):
    runs.answers += [VALID, VIOLATED]
    main(["run", "restart", "kill", "--seed", "7", "-q"])
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["valid", "restart", "seed", "7", "14.0", "s", "runs/tale-7"]
    assert second.split()[:2] == ["violated", "kill"]


def test_several_runs_end_with_a_line_for_each(runs, capsys):
    runs.answers += [VALID, ClusterError("no room")]
    main(["run", "restart", "kill", "--seed", "7"])
    restart, kill = capsys.readouterr().out.splitlines()[-2:]
    assert restart.split()[:4] == ["valid", "restart", "seed", "7"]
    assert kill.split() == ["failed", "kill", "seed", "7"]


def test_ctrl_c_ends_all_of_them_and_still_tells_the_repeat(runs, capsys):
    runs.answers += [KeyboardInterrupt(), VALID]
    assert main(["run", "restart", "kill", "--seed", "7"]) == 130
    assert len(runs.asked) == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith("exit 130   repeat: harness run restart --seed 7")


def test_a_cluster_that_does_not_obey_is_one_line_between_first_and_last(runs, capsys):
    runs.answers.append(ClusterError("etcd-1: not within 30 s"))
    assert main(["run", "restart", "--seed", "7"]) == 255
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[1:-1] == ["etcd-1: not within 30 s"]


@pytest.mark.parametrize(
    ("option", "told"),
    [(["--etcd", "docker"], "etcd can't run in a container: no engine"), (["--fabric", "proxy"], "not built")],
)
def test_what_can_not_be_is_refused_before_anything_is_started(option, told, tmp_path, capsys):
    assert main(["run", "restart", *option, "--runs", str(tmp_path)]) == 254
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.cluster
def test_a_real_run_is_valid_and_judged_alike_again(tmp_path, capsys):
    arguments = ["run", "bring-up", "--seed", "7", "--set", "duration=3s", "--json", "--runs", str(tmp_path)]
    assert main(arguments) == 0
    result = json.loads(capsys.readouterr().out)
    assert json.loads((tmp_path / result["run_dir"] / "result.json").read_text()) == result
    assert main(["check", result["run_dir"], "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["invariants"] == result["invariants"]


def test_a_report_that_cannot_be_written_leaves_the_verdict(runs, capsys):
    runs.answers.append(VIOLATED)
    assert main(["run", "restart", "--seed", "7"]) == 1
    out, err = capsys.readouterr()
    assert "violated" in out
    assert err.splitlines()[1:] == [
        "no report: runs/tale-7: there is no such folder",
        "restart   seed 7   exit 1   repeat: harness run restart --seed 7",
    ]


def test_a_bug_in_the_report_leaves_the_verdict(runs, monkeypatch, capsys):
    def write_report(*_):
        raise KeyError("owner")

    runs.answers.append(VALID)
    monkeypatch.setattr("harness.report.run_dir.RunDir.open", lambda path: path)
    monkeypatch.setattr("harness.report.writing.write_report", write_report)
    assert main(["run", "restart", "--seed", "7"]) == 0
    assert "no report: the harness itself failed: KeyError: 'owner'" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "told"), [((), ["report: runs/it.html"]), (("-q",), [])])
def test_where_the_report_is_is_told_unless_quiet_is_asked_for(runs, monkeypatch, capsys, options, told):
    runs.answers.append(VALID)
    monkeypatch.setattr("harness.report.run_dir.RunDir.open", lambda path: path)
    monkeypatch.setattr("harness.report.writing.write_report", lambda *_: "runs/it.html")
    assert main(["run", "restart", *options]) == 0
    assert [line for line in capsys.readouterr().err.splitlines() if line.startswith("report")] == told
