import re
import subprocess
import sys

import pytest

from harness.cli import harness, main
from tests.meta.source import ROOT

pytestmark = pytest.mark.usefixtures("clusters")


def test_python_m_harness_is_harness():
    run = subprocess.run(
        [sys.executable, "-m", "harness", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("Usage: harness ")


def test_help_loads_nothing_heavy():
    program = "import sys; from harness.cli import main; main(['run', '--help']); print(*sys.modules, file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(run.stderr.split()) & {"etcd3", "grpc", "numpy", "pydantic", "aiohttp", "rich", "pyroute2"} == set()


@pytest.mark.parametrize("command", ["run", "soak"])
def test_the_help_tells_what_is_offered_and_not_built(command, capsys):
    main([command, "--help"])
    assert "proxy is not built yet" in " ".join(capsys.readouterr().out.split())


def test_no_command_shows_the_help_and_is_wrong_input(capsys):
    assert main([]) == 254
    assert "Usage: harness" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rum"], "Did you mean 'run'?"),
        (["run"], "Missing argument 'SCENARIO...'"),
        (["run", "restart", "--sed", "1"], "--seed"),
        (["run", "restart", "--seed", "-1"], "-1 is too small; it is at least 0."),
        (
            ["run", "restart", "--seed", "9223372036854775808"],
            "9223372036854775808 is too big; it is at most 9223372036854775807.",
        ),
        (["run", "restart", "--seed", "x"], "'x' is no whole number; write it as 3."),
        (["soak", "restart", "--jobs", "0"], "0 is too small; it is at least 1."),
        (["list", "faluts"], "'faluts' is not allowed; did you mean 'faults'? it is scenarios, faults, invariants."),
        (["run", "restart", "--etcd", "podman"], "'podman' is not allowed; it is auto, docker, process."),
        (["run", "restart", "--fabric", "wifi"], "'wifi' is not allowed; it is auto, namespaces, proxy."),
        (["run", "restart", "--runs", __file__], "is a file"),
        (["run", "restart", "--set", "workers"], "has no '='"),
        (["run", "restart", "--set", "=7"], "'=7' names no field; write it as cluster.workers=7."),
        (["run", "RESTART"], "did you mean 'restart'?"),
        (["run", ""], "'': no such file"),
        (["check", "nosuch"], "nosuch: there is no such folder"),
        (["run", "restart", "--time-scale", "0"], "is not above 0"),
        (["run", "restart", "--time-scale", "-1"], "-1 is not above 0 and up to 1000"),
        (["run", "restart", "--time-scale", "1e300"], "1e+300 is not above 0 and up to 1000"),
        (["run", "restart", "--time-scale", "inf"], "is not above 0"),
        (["run", "restart", "--time-scale", "nan"], "is not above 0"),
        (["plan"], "Missing argument 'SCENARIO'"),
        (["check"], "Missing argument 'RUN_DIR...'"),
    ],
)
def test_wrong_usage_is_one_line_and_254(arguments, told, capsys):
    assert main(arguments) == 254
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert told in err


COMMANDS = sorted(harness.commands)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_an_example_and_fits_a_terminal(name, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    assert main([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert re.search(rf"^  Examples?:\n    harness {name}\b", out, re.MULTILINE)
    assert max(map(len, out.splitlines())) <= 80
    assert "<=" not in out


def test_the_help_tells_all_commands_in_whole_sentences(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert "..." not in out.partition("Commands:")[2]
    assert all(re.search(rf"^  {name} ", out, re.MULTILINE) for name in COMMANDS)


def test_a_folder_of_runs_is_told_from_a_run(tmp_path, capsys):
    for name in ("a-1", "b-2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "history.jsonl").touch()
    assert main(["check", str(tmp_path)]) == 254
    told = f"{tmp_path} is no run's folder: it has no plan.json and no history.jsonl; 2 in it are: {tmp_path}/*\n"
    assert capsys.readouterr().err == told
