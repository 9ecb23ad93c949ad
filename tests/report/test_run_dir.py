import errno
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.core.history import History
from harness.errors import ClusterError, InputError
from harness.report.run_dir import RunDir
from tests.report.runs import held, judged, ordinary_ops, plan_of, summed_up

NOW = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)


@pytest.fixture
def run_dir(tmp_path):
    return RunDir.create(tmp_path / "runs", "tale", 7, NOW)


@pytest.fixture
def disk(monkeypatch):
    """The disk that answers every write with the error it is given."""

    def fails_with(number):
        def write_text(path, *_args, **_kwargs):
            raise OSError(number, "told so", str(path))

        monkeypatch.setattr(Path, "write_text", write_text)

    return fails_with


def test_a_folder_is_named_after_scenario_seed_and_utc(run_dir):
    assert run_dir.path.name == "tale-7-20261121T101500Z"
    assert run_dir.logs.is_dir()


def test_a_name_that_is_taken_gets_a_number(tmp_path):
    names = [RunDir.create(tmp_path, "tale", 7, NOW).path.name for _ in range(3)]
    assert names == [f"tale-7-20261121T101500Z{number}" for number in ("", "-2", "-3")]


def test_what_was_written_is_read_back(run_dir):
    plan, ops = plan_of(), ordinary_ops()
    run_dir.write_plan(plan)
    run_dir.write_scenario("# a tale\n")
    run_dir.history.write_text("".join(f"{op.line()}\n" for op in ops))
    again = RunDir.open(run_dir.path)
    assert again.read_plan() == plan
    assert History.of(again.ops()) == ops
    assert (run_dir.path / "scenario.yaml").read_text() == "# a tale\n"


def test_what_is_written_anew_is_there_as_a_whole_or_as_it_was(run_dir, monkeypatch):
    def half(path, text, **_):
        path.write_bytes(text[: len(text) // 2].encode())
        raise OSError(errno.ENOSPC, "told so", str(path))

    plan = plan_of()
    run_dir.write_plan(plan)
    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(ClusterError, match="can't write"):
        run_dir.write_plan(plan)
    assert run_dir.read_plan() == plan
    assert [path.name for path in run_dir.path.iterdir() if path.is_file()] == ["plan.json"]


def test_the_result_is_kept_as_it_is_printed(run_dir):
    result = summed_up(plan_of(), ordinary_ops(), judged(held()), run_dir.path)
    run_dir.write_result(result)
    assert json.loads((run_dir.path / "result.json").read_text()) == json.loads(result.to_json())


def test_a_last_line_cut_short_is_left_out(run_dir):
    lines = [op.line() for op in ordinary_ops()]
    run_dir.history.write_text("\n".join(lines)[:-10])
    assert len(list(run_dir.ops())) == len(lines) - 1


def test_a_broken_line_in_the_middle_is_named(run_dir):
    first, second = [op.line() for op in ordinary_ops()][:2]
    run_dir.history.write_text(f"{first}\nnonsense\n{second}\n")
    with pytest.raises(InputError, match=r"history\.jsonl:2: this is not JSON: 'nonsense'$"):
        list(run_dir.ops())


def test_bytes_that_are_no_text_are_no_json_either(run_dir):
    run_dir.history.write_bytes(b"\xff\n")
    with pytest.raises(InputError, match=r"history\.jsonl:1: this is not JSON: "):
        list(run_dir.ops())


def test_json_that_is_no_op_is_named(run_dir):
    run_dir.history.write_text('{"time": 1}\n')
    with pytest.raises(InputError, match=r"history\.jsonl:1: not an op: "):
        list(run_dir.ops())


def test_an_op_is_found_by_its_line_also_where_lines_are_out_of_order(run_dir):
    first, *others = ordinary_ops()
    run_dir.history.write_text("".join(f"{op.line()}\n" for op in (*others[:3], first, *others[3:])))
    assert run_dir.lines_of([first, others[0], others[4]]) == {
        first.line(): 4,
        others[0].line(): 1,
        others[4].line(): 6,
    }
    assert run_dir.lines_of(()) == {}


def test_a_folder_without_a_run_is_wrong_input(tmp_path):
    with pytest.raises(InputError, match=r"no run's folder"):
        RunDir.open(tmp_path)


def changed(**fields):
    return json.dumps({**json.loads(plan_of().to_json()), **fields})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ("[]", "Expected `object`, got `array`"),
        ("{}", "Object missing required field `scenario`"),
        ("[" * 100_000, "it is nested too deeply"),
        (changed(steps=3), "Expected `array`, got `int` - at `$.steps`"),
        (changed(workers="worker-1"), "Expected `array`, got `str` - at `$.workers`"),
        (changed(workload={"keys": []}), "Object missing required field `lookups_per_s` - at `$.workload`"),
        ("\udcff", "Expecting value: line 1 column 1 (char 0)"),
        (changed().replace('"steps"', '"steps_"'), "it has no field 'steps'"),
        (changed(moons=3), "it has the unknown field 'moons'"),
        (changed(etcd={"moons": 3}), "it has the unknown field 'moons'"),
    ],
)
def test_of_a_plan_of_another_kind_it_is_told_what_is_wrong(run_dir, text, told):
    (run_dir.path / "plan.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(InputError) as error:
        run_dir.read_plan()
    assert str(error.value) == f"{run_dir.path}/plan.json is no plan of this version: {told}"


def test_a_file_in_the_way_is_told_in_a_line(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(InputError, match=r"can't make .*runs: a file stands where a folder should.*--runs"):
        RunDir.create(tmp_path / "runs", "tale", 7)


def test_a_full_disk_is_told_in_a_line(run_dir, disk):
    disk(errno.ENOSPC)
    with pytest.raises(ClusterError, match=r"can't write .*plan\.json: the disk is full") as told:
        run_dir.write_plan(plan_of())
    assert "\n" not in str(told.value)


def test_an_error_that_nobody_foresaw_is_told_in_the_systems_words(run_dir, disk):
    disk(errno.EIO)
    with pytest.raises(ClusterError, match="told so"):
        run_dir.write_plan(plan_of())


DEEP = "[" * 5000 + "]" * 5000


@pytest.mark.parametrize(
    "line",
    [
        '{"time_ns":"x","actor":"a","type":"ok","f":"b"}',
        '{"time_ns":1,"actor":"a","type":"zzz","f":"b"}',
        "[" * 5000,
        f'{{"time_ns":1,"actor":"a","type":"ok","f":"b","value":{{"x":{DEEP}}}}}',
    ],
    ids=["no time", "no type", "nested too deeply", "a value nested too deeply"],
)
def test_json_of_another_form_is_named(run_dir, line):
    run_dir.history.write_text(f"{line}\n")
    with pytest.raises(InputError, match=r"history\.jsonl:1: not an op: "):
        list(run_dir.ops())


@pytest.mark.parametrize("name", ["a\nb", "\udcff"])
def test_a_folder_whose_name_is_no_printable_text_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="no printable text"):
        RunDir.create(tmp_path / name, "tale", 7)


def test_samples_and_logs_are_read_as_far_as_they_go(run_dir):
    run_dir.metrics.write_text(f'{DEEP}\n{{"node":"etcd-1"}}\n{{"nod')
    (run_dir.logs / "etcd-1.log").write_bytes(b"a \xff line\n")
    assert list(run_dir.samples()) == [{"node": "etcd-1"}]
    assert list(run_dir.log("etcd-1")) == ["a \\xff line\n"]
    assert list(run_dir.log("worker-9")) == []


def test_a_log_is_only_looked_for_among_the_logs(run_dir):
    (run_dir.path.parent / "secret.log").write_text("secret")
    assert list(run_dir.log("../../secret")) == []
