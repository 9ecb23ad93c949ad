import json

from harness.cli import main
from harness.report.run_dir import RunDir
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
