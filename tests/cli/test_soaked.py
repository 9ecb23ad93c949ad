import os
import subprocess
import sys

from tests.meta.source import ROOT


def soaked(soak, *words):
    program = [sys.executable, "-m", "harness.cli.soaked", str(soak), *words]
    return subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)


def test_it_is_the_command_with_its_output_and_exit_code():
    done = soaked(os.getpid(), "list", "scenarios")
    assert done.returncode == 0
    assert done.stdout.startswith("bring-up")
    assert soaked(os.getpid(), "run", "nowhere").returncode == 254


def test_a_soak_that_is_gone_already_wants_nothing():
    done = soaked(os.getppid(), "list", "scenarios")
    assert (done.returncode, done.stdout) == (1, "")
