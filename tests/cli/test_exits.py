import os
import signal
import subprocess
import sys

import click
import pytest

from harness.cli import exits
from harness.errors import ClusterError, EntityError, NotReadyError, ScenarioError

FULL = "/dev/full"


def raising(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([0, 2, 1, 254, 255], 255),
        ([0, 2, 1, 254], 254),
        ([2, 1, 0], 1),
        ([0, 2], 2),
        ([0, 0], 0),
        ([], 0),
    ],
)
def test_of_several_the_worst_code_counts(codes, code):
    assert exits.worst(codes) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ScenarioError("x.yaml:1:1: wrong"), 254),
        (EntityError("no identity"), 254),
        (ClusterError("worker-1 would not stop"), 255),
        (NotReadyError("etcd-1: not within 3 s"), 255),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (click.UsageError("no such thing"), 254),
        (click.FileError("x"), 254),
        (ZeroDivisionError("by zero"), 255),
    ],
)
def test_every_error_has_its_code_and_is_one_line(error, code, capsys):
    assert exits.code_of(raising(error)) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1


def test_a_commands_own_code_is_kept():
    assert exits.code_of(lambda: 2) == 2
    assert exits.code_of(lambda: None) == 0


def test_a_bug_names_the_place_and_the_whole_of_it_when_asked(capsys):
    exits.code_of(raising(ZeroDivisionError("by zero")), verbose=True)
    err = capsys.readouterr().err
    assert "the harness itself failed: ZeroDivisionError: by zero" in err
    assert "test_exits.py:" in err
    assert "Traceback" in err


def test_the_last_words_to_who_interrupted_are_not_interrupted_again():
    before = signal.getsignal(signal.SIGINT)
    with exits.last_words(130):
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(not os.path.exists(FULL), reason=f"no {FULL}")
def test_the_last_words_to_who_interrupted_may_be_lost_and_those_to_others_not(monkeypatch):
    with open(FULL, "w", encoding="utf-8") as out:
        monkeypatch.setattr(sys, "stdout", out)
        with exits.last_words(130):
            click.echo("lost")
    with open(FULL, "w", encoding="utf-8") as out:
        monkeypatch.setattr(sys, "stdout", out)
        with pytest.raises(OSError, match="No space left"), exits.last_words(0):
            click.echo("lost")
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


def test_output_that_nobody_reads_is_no_failure_and_no_verdict():
    program = [sys.executable, "-m", "harness", "list", "invariants"]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as out:
        done = subprocess.run(program, stdout=out, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("words", ["run", "run nosuch", "check nosuch", "plan --nosuch"])
def test_an_error_that_nobody_reads_is_not_taken_for_a_violation(words):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as err:
        program = [sys.executable, "-m", "harness", *words.split()]
        done = subprocess.run(program, stdout=subprocess.PIPE, stderr=err, check=False)
    assert (done.returncode, done.stdout) == (141, b"")


def test_ctrl_c_before_all_is_imported_ends_the_program_without_a_word(tmp_path):
    (tmp_path / "click.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")
    search = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    program = [sys.executable, "-m", "harness", "list", "invariants"]
    done = subprocess.run(program, env={**os.environ, "PYTHONPATH": search}, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")


DROPPED = """
import signal, threading
from harness.cli import exits

class Destructor:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

exits.repeat_what_is_dropped()
try:
    Destructor()
    threading.Event().wait()
except KeyboardInterrupt:
    print("heard")
"""


def test_ctrl_c_that_comes_while_a_destructor_runs_is_heard_a_moment_later():
    done = subprocess.run([sys.executable, "-c", DROPPED], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "heard\n", "")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_a_closed_terminal_takes_no_more_changes_no_exit_code(stream):
    ours, theirs = os.openpty()
    program = f"import sys; from harness.cli import exits; sys.{stream}.write('left'); sys.stdin.read()"
    words = [sys.executable, "-c", f"{program}; sys.exit(exits.flushed(130))"]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(words, stdin=subprocess.PIPE, env=buffered, **{stream: theirs}) as process:
        os.close(theirs)
        os.close(ours)
        process.stdin.close()
    assert process.returncode == 130
