from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.errors import ClusterError, InputError
from harness.report.run_dir import RunDir
from harness.report.writing import write_report
from tests.report.html.tales import ops_of_a_tale, result_of, violated
from tests.report.runs import plan_of


@pytest.fixture
def run_dir(tmp_path):
    run_dir, ops = RunDir.create(tmp_path, "tale", 7), ops_of_a_tale()
    run_dir.write_plan(plan_of())
    run_dir.history.write_text("".join(f"{op.line()}\n" for op in ops))
    return run_dir


def test_a_report_and_junits_xml_stand_beside_the_history(run_dir):
    ops = ops_of_a_tale()
    (run_dir.logs / "client-1.log").write_text("5.050 client-1 looks it up\n")
    run_dir.metrics.write_text('{"time_ns":3000000000,"node":"worker-1","cpu_s":0.1,"rss_bytes":9000000}\n{"time_ns"')
    path = write_report(run_dir, result_of(ops, violated(ops)), repeat="harness run tale --seed 7")
    html = path.read_text(encoding="utf-8")
    assert path == run_dir.path / "report.html"
    assert "looks it up" in html
    assert "9 MB at most" in html
    assert "harness run tale --seed 7" in html
    suite = ElementTree.parse(run_dir.path / "junit.xml").getroot()[0]
    assert suite.get("timestamp") == "1970-01-01T00:00:01"


def test_without_logs_and_samples_there_is_still_a_report(run_dir):
    run_dir.logs.rmdir()
    assert write_report(run_dir, result_of(ops_of_a_tale())).is_file()


def test_text_that_has_no_utf8_is_written_nevertheless(run_dir):
    ops = ops_of_a_tale()
    assert "\\ud800" in write_report(run_dir, result_of(ops, violated(ops, "a \ud800"))).read_text(encoding="utf-8")


def test_a_full_disk_is_one_line(run_dir, monkeypatch):
    def write_text(path, *_args, **_kwargs):
        raise OSError(28, "no room", str(path))

    monkeypatch.setattr(Path, "write_text", write_text)
    with pytest.raises(ClusterError, match=r"can't write .*junit\.xml: the disk is full"):
        write_report(run_dir, result_of(ops_of_a_tale()))


def test_a_folder_without_a_run_is_wrong_input(tmp_path):
    with pytest.raises(InputError, match="is no run's folder"):
        write_report(RunDir.open(tmp_path), result_of(ops_of_a_tale()))
