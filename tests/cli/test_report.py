import pytest

from harness.cli import main
from harness.report.run_dir import RunDir
from tests.report.runs import ordinary_ops, plan_of


@pytest.fixture
def stored(tmp_path):
    run_dir = RunDir.create(tmp_path, "tale", 7)
    run_dir.write_plan(plan_of())
    run_dir.history.write_text("".join(f"{op.line()}\n" for op in ordinary_ops()))
    return run_dir.path


def test_stdout_says_where_the_report_is(stored, capsys):
    assert main(["report", str(stored)]) == 0
    assert capsys.readouterr().out == f"{stored}/report.html\n"
    assert (stored / "report.html").stat().st_size > 1000
    assert (stored / "junit.xml").is_file()


def test_a_report_is_made_anew(stored):
    (stored / "report.html").write_text("old")
    main(["report", str(stored)])
    assert (stored / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_folder_that_holds_no_run_is_wrong_input(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 254
    assert "is no run's folder" in capsys.readouterr().err


def test_check_writes_nothing(stored):
    main(["check", str(stored)])
    assert not (stored / "report.html").exists()
