import json

from harness.cli import main


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


def test_an_unknown_list_is_wrong_input_in_one_line(capsys):
    assert main(["list", "sheep"]) == 254
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "'sheep' is not one of 'scenarios', 'faults', 'invariants'" in err


def test_the_schema_is_a_json_schema_of_the_steps_too(capsys):
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"cluster", "workload", "steps", "invariants"} <= schema["properties"].keys()
