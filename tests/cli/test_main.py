import subprocess
import sys

import pytest

from harness.cli import main
from tests.meta.source import ROOT


def test_python_m_harness_is_harness():
    run = subprocess.run(
        [sys.executable, "-m", "harness", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("Usage: harness ")


def test_help_loads_nothing_heavy():
    program = "import sys; from harness.cli import main; main(['run', '--help']); print(*sys.modules, file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(run.stderr.split()) & {"etcd3", "grpc", "numpy", "pydantic", "aiohttp", "rich", "pyroute2"} == set()


def test_no_command_shows_the_help_and_is_wrong_input(capsys):
    assert main([]) == 254
    assert "Usage: harness" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rum"], "Did you mean 'run'?"),
        (["run"], "Missing argument 'SCENARIO...'"),
        (["run", "restart", "--sed", "1"], "--seed"),
        (["run", "restart", "--seed", "-1"], "-1 is not in the range"),
        (["run", "restart", "--seed", "9223372036854775808"], "9223372036854775808 is not in the range"),
        (["run", "restart", "--seed", "x"], "'x' is not a valid whole number"),
        (["run", "restart", "--etcd", "podman"], "'auto', 'docker', 'process'"),
        (["run", "restart", "--fabric", "wifi"], "'auto', 'namespaces', 'proxy'"),
        (["run", "restart", "--runs", __file__], "is a file"),
        (["run", "restart", "--set", "workers"], "has no '='"),
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
