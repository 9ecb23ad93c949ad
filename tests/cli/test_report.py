from dataclasses import replace

import pytest

from harness import load_scenario, make_plan
from harness.cli import main
from harness.cli.report import repeat_of
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


def test_the_command_that_repeats_a_run_makes_the_same_plan(tmp_path):
    packaged = make_plan(load_scenario("restart"), 7)
    assert repeat_of(tmp_path, packaged) == "harness run restart --seed 7"
    slower = replace(packaged, time_scale=2.0, etcd=replace(packaged.etcd, runtime="process"))
    assert repeat_of(tmp_path, slower) == "harness run restart --seed 7 --etcd process --time-scale 2.0"


def test_the_stored_scenario_will_do_where_its_name_does_not(tmp_path):
    (tmp_path / "scenario.yaml").write_text("cluster: {workers: 4}\n")
    plan = replace(make_plan(load_scenario(tmp_path / "scenario.yaml"), 7), scenario="tale")
    assert repeat_of(tmp_path, plan) == f"harness run {tmp_path}/scenario.yaml --seed 7"
    assert repeat_of(tmp_path, replace(plan, tail_s=99.0)) == ""
