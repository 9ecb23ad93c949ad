import json

import pytest

from harness.cli import main
from harness.core.history import Op
from harness.report.run_dir import RunDir
from tests.cli.test_check_fuzz import GONE, LINES, STORED
from tests.report.runs import ordinary_ops, plan_of


def test_a_folder_without_a_run_is_wrong_input_in_a_line(tmp_path, capsys):
    assert main(["check", str(tmp_path)]) == 254
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "no run's folder" in err


def test_a_stored_run_is_judged_from_its_history_alone(tmp_path, capsys):
    run_dir = RunDir.create(tmp_path, "tale", 7)
    run_dir.write_plan(plan_of())
    run_dir.history.write_text("".join(f"{op.line()}\n" for op in ordinary_ops()))
    code = main(["check", str(run_dir.path), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert (code, result["outcome"]) == (2, "unknown")
    assert result["run_dir"] == str(run_dir.path)
    assert result["faults"][0]["fault"] == "pause"


def test_a_plan_of_another_run_beside_a_history_is_wrong_input(tmp_path, capsys):
    run_dir = RunDir.create(tmp_path, "tale", 7)
    run_dir.write_plan(plan_of())
    first, *others = ordinary_ops()
    told = replace_value(first, scenario="another", seed=8)
    run_dir.history.write_text("".join(f"{op.line()}\n" for op in (told, *others)))
    assert main(["check", str(run_dir.path)]) == 254
    assert "history.jsonl of another with seed 8" in capsys.readouterr().err


def replace_value(op, **fields):
    return Op(op.time_ns, op.actor, op.type, op.f, {**op.value, **fields}, op.error, op.id)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("revision", "seven", "'revision' is \"seven\"; it should be a whole number, 0 or more"),
        ("revision", None, "'revision' is null; it should be a whole number, 0 or more"),
        ("kvs", [{"key": "/a"}], "'kvs[0].revision' is missing; 'kvs' should be a list of maps of key, revision, "),
        ("kvs", GONE, "'kvs' is missing; it should be a list of maps of key, revision, "),
    ],
)
def test_a_field_that_does_not_fit_is_wrong_input_told_by_its_line(tmp_path, capsys, field, value, told):
    run_dir, rows = RunDir(tmp_path), [json.loads(line) for line in LINES]
    (tmp_path / "plan.json").write_bytes((STORED / "plan.json").read_bytes())
    number = next(number for number, row in enumerate(rows, 1) if row["f"] == "snapshot")
    rows[number - 1]["value"][field] = value
    if value is GONE:
        del rows[number - 1]["value"][field]
    run_dir.history.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert main(["check", str(tmp_path)]) == 254
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"{run_dir.history}:{number}: snapshot ok of observer: {told}")


def test_a_view_whose_content_was_never_written_is_told_by_its_line(tmp_path, capsys):
    first = next(line for line in LINES if '"f":"view"' in line)
    (tmp_path / "plan.json").write_bytes((STORED / "plan.json").read_bytes())
    row = json.loads(first)
    row["value"] = {key: value for key, value in row["value"].items() if key not in ("online", "offline", "rejected")}
    (tmp_path / "history.jsonl").write_text(json.dumps(row) + "\n")
    assert main(["check", str(tmp_path)]) == 254
    assert "history.jsonl:1: a view of " in capsys.readouterr().err
