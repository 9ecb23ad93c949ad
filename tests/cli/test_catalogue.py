import json
import re

import pytest

from harness import load_scenario, make_plan
from harness.checks import INVARIANTS
from harness.checks.catalogue import LETTERS
from harness.cli import main
from tests.meta.source import ROOT


def test_scenarios_are_listed_with_the_first_line_of_their_story(capsys):
    assert main(["list", "scenarios"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("restart ") and "A restart is no departure" in line for line in lines)


def test_lists_are_one_line_of_json_for_programs(capsys):
    for kind in ("scenarios", "faults", "invariants"):
        assert main(["list", kind, "--json"]) == 0
        out = capsys.readouterr().out
        assert out.count("\n") == 1
        assert all(row["name"] and row["says"] for row in json.loads(out))


def test_invariants_are_listed_with_their_row_in_the_catalogue(capsys):
    main(["list", "invariants", "--json"])
    assert all(row["id"] for row in json.loads(capsys.readouterr().out))


def faults(capsys):
    assert main(["list", "faults", "--json"]) == 0
    return {row["name"]: row for row in json.loads(capsys.readouterr().out)}


def test_every_example_of_a_fault_is_a_step_of_it(capsys, tmp_path):
    for name, row in faults(capsys).items():
        assert row["examples"]
        for example in row["examples"]:
            (tmp_path / "x.yaml").write_text(f"steps:\n  {example}\n")
            steps = make_plan(load_scenario(tmp_path / "x.yaml"), seed=1).steps
            assert [step.fault for step in steps] == [name]


def test_parameters_have_the_names_and_defaults_that_a_scenario_has(capsys):
    told = faults(capsys)
    assert [each["name"] for each in told["partition"]["parameters"]] == ["for", "from", "to"]
    defaults = {each["name"]: each["default"] for each in told["restart"]["parameters"]}
    assert defaults == {"signal": "TERM", "down_for": "1s"}
    assert all(each["takes"] and each["says"] for row in told.values() for each in row["parameters"])


def test_the_list_of_faults_shows_targets_parameters_and_examples(capsys):
    main(["list", "faults"])
    out = capsys.readouterr().out
    assert "targets    worker, client, etcd: a name" in out
    assert "down_for   a duration, 1s by default. How long it stays down." in out
    assert "- {at: 3s, for: 2s, partition: {from: [worker-1], to: rest}}" in out


def test_invariants_are_listed_with_id_and_sentence(capsys):
    main(["list", "invariants"])
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("one-live-process "))
    assert line.split(maxsplit=2)[1:] == ["M1", INVARIANTS["one-live-process"].says]


def test_an_unknown_list_is_wrong_input_in_one_line(capsys):
    assert main(["list", "sheep"]) == 254
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "'sheep' is not allowed; it is scenarios, faults, invariants." in err


def test_the_schema_is_a_json_schema_of_the_steps_too(capsys):
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"cluster", "workload", "steps", "invariants"} <= schema["properties"].keys()


def on_a_terminal(monkeypatch, capsys, kind, columns=80):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert main(["list", kind]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("kind", ["scenarios", "faults", "invariants"])
def test_lists_fit_a_terminal(monkeypatch, capsys, kind, columns):
    assert max(map(len, on_a_terminal(monkeypatch, capsys, kind, columns))) <= columns


def test_what_does_not_fit_goes_on_below_its_beginning(monkeypatch, capsys):
    lines = on_a_terminal(monkeypatch, capsys, "faults")
    at = next(number for number, line in enumerate(lines) if "targets" in line)
    text = lines[at].index("etcd")
    assert lines[at - 1].index("follows") == len("rolling-restart   ")
    going_on = next(line for line in lines if line.lstrip().startswith("log are kept"))
    assert going_on.index("log are kept") == text


@pytest.mark.parametrize(("kind", "lines"), [("scenarios", 0), ("invariants", 2)])
def test_elsewhere_each_is_one_line(capsys, kind, lines):
    assert main(["list", kind, "--json"]) == 0
    count = len(json.loads(capsys.readouterr().out))
    main(["list", kind])
    assert len(capsys.readouterr().out.splitlines()) == count + lines


def test_the_letter_of_every_id_is_explained(capsys):
    main(["list", "invariants"])
    last = capsys.readouterr().out.splitlines()[-1]
    for letter in {each.id[0] for each in INVARIANTS.values()}:
        assert re.search(rf"\b{letter} [a-z]", last)
    assert {each.id[0] for each in INVARIANTS.values()} == LETTERS.keys()


def test_the_invariants_readme_explains_the_letters_alike():
    text = " ".join((ROOT / "harness/checks/README.md").read_text().split())
    assert all(f"{letter} {what}" in text for letter, what in LETTERS.items())
