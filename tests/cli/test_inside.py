"""`harness exec` as far as it goes without a cluster: how its line is split, and how a program is run and ends."""

import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import closing

import psutil
import pytest

from harness.cli import main
from tests.cli.answering import Answering
from tests.conftest import eventually
from tests.meta.source import ROOT

RUN = """
import sys
from harness.cli.inside import _run
sys.exit(_run(sys.argv[2:], sys.argv[1], {"ASKED": "for"}))
"""


def run(*program, folder="/", **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT, **options}
    return subprocess.Popen([sys.executable, "-c", RUN, str(folder), *program], **options)


def ended(*program, **options):
    with run(*program, **options) as process:
        out, err = process.communicate()
    return process.returncode, out, err


def test_a_program_has_the_streams_the_settings_and_the_folder(tmp_path):
    program = ("sh", "-c", 'read line; echo "$line $ASKED $PWD"; echo wrong >&2')
    with run(*program, folder=tmp_path, stdin=subprocess.PIPE) as process:
        assert process.communicate("told\n") == (f"told for {tmp_path}\n", "wrong\n")
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("program", "code"),
    [(("true",), 0), (("sh", "-c", "exit 7"), 7), (("sh", "-c", "kill -9 $$"), 137), (("sh", "-c", "kill $$"), 143)],
)
def test_its_exit_code_is_the_programs_as_a_shell_has_it(program, code):
    assert ended(*program) == (code, "", "")


def test_a_program_that_there_is_not_and_one_that_is_none_are_told_as_a_shell_does(tmp_path):
    (tmp_path / "text").write_text("no program")
    assert ended("no-such-program") == (127, "", "harness exec: no-such-program: no such program inside\n")
    assert ended(f"{tmp_path}/text") == (126, "", f"harness exec: {tmp_path}/text: Permission denied\n")


def test_a_folder_that_there_is_not_inside_is_not_taken_for_the_program(tmp_path):
    assert ended("true", folder=tmp_path / "gone") == (
        126,
        "",
        f"harness exec: {tmp_path}/gone: No such file or directory inside\n",
    )


WAITS = ("sh", "-c", 'trap "echo heard; exit 3" TERM HUP INT; echo $$; while :; do sleep 0.1; done')


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_is_passed_on_to_the_program(number):
    with run(*WAITS, stdin=subprocess.DEVNULL) as process:
        process.stdout.readline()
        process.send_signal(number)
        assert process.communicate() == ("heard\n", "")
    assert process.returncode == 3


def test_ctrl_c_is_the_programs_alone():
    """A terminal sends it to both; the command goes on to wait for what the program makes of it."""
    terminal, its_end = pty.openpty()
    with run(*WAITS, stdin=its_end) as process, closing(os.fdopen(terminal)):
        os.close(its_end)
        program = int(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        os.kill(program, signal.SIGINT)
        assert process.communicate() == ("heard\n", "")
    assert process.returncode == 3


def test_a_program_hears_signals_that_its_command_ignored():
    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    assert ended("sh", "-c", "kill -HUP $$", preexec_fn=ignore)[0] == 128 + signal.SIGHUP


def test_a_command_that_is_killed_takes_the_program_with_it():
    with run(*WAITS) as process:
        program = int(process.stdout.readline())
        process.kill()
    eventually(lambda: not psutil.pid_exists(program), "the program's end")


# the command line


@pytest.mark.usefixtures("clusters")
@pytest.mark.parametrize("words", [[], ["--"], ["worker-1"], ["worker-1", "--"], ["--name", "dev"]])
def test_without_a_program_that_is_told(words, capsys):
    assert main(["exec", *words]) == 254
    assert capsys.readouterr().err == (
        "no program to run; write it behind --, as in: harness exec -- etcdctl get --prefix /\n"
    )


INSIDE = """
import json, sys
from harness.cli import inside, main
def ask(place, do, **fields):
    print(place.name, do, json.dumps(fields))
    return {"etcd": "http://etcd-1:2379"}, []
inside.ask_for_descriptors = ask
inside._enter = lambda descriptors: None
inside._run = lambda program, folder, settings: print(json.dumps([program, folder, settings])) or 5
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.usefixtures("clusters")
@pytest.mark.parametrize(
    ("words", "name", "node", "program"),
    [
        (["--", "true"], "dev", "user-1", ["true"]),
        (["worker-1", "--", "ping", "-c", "1", "etcd-1"], "dev", "worker-1", ["ping", "-c", "1", "etcd-1"]),
        (["--name", "a", "--", "true", "--name", "b"], "a", "user-1", ["true", "--name", "b"]),
        (["--", "sh", "--", "x", "--help"], "dev", "user-1", ["sh", "--", "x", "--help"]),
        (["client-1", "--name=a", "--", "-n"], "a", "client-1", ["-n"]),
    ],
)
def test_what_is_behind_the_first_dashes_is_the_programs_and_no_word_of_the_harness(words, name, node, program):
    done = subprocess.run(
        [sys.executable, "-c", INSIDE, "exec", *words], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (5, "")
    asked, ran = done.stdout.splitlines()
    assert asked == f"{name} inside {json.dumps({'node': node})}"
    found, folder, settings = json.loads(ran)
    assert (found, folder) == (program, str(ROOT))
    assert settings["HARNESS_NAME"] == name
    assert settings["HARNESS_NODE"] == node
    assert settings["ETCDCTL_ENDPOINTS"] == "http://etcd-1:2379"
    assert settings["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] == "python"
    assert settings["PATH"].startswith(os.environ["PATH"])


@pytest.mark.usefixtures("clusters")
def test_words_that_are_neither_node_nor_program_are_wrong_usage(capsys):
    with Answering() as daemon:
        assert main(["exec", "worker-1", "true", "--", "x"]) == 254
        assert daemon.asked == []
    assert "Got unexpected extra argument (true)" in capsys.readouterr().err


def test_the_kernels_refusal_is_told():
    reader, writer = os.pipe()
    program = (
        "import sys\nfrom harness.cli import exits, inside\n"
        "sys.exit(exits.code_of(lambda: inside._enter([*map(int, sys.argv[1:])])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *[str(reader)] * 4],
        pass_fds=[reader],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    os.close(reader)
    os.close(writer)
    assert (done.returncode, done.stderr) == (255, "can't go there: [Errno 22] setns: Invalid argument\n")
