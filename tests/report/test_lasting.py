import errno
import os
import pty
import subprocess
import sys

import pytest

from harness.report.lasting import lasting


class Broken:
    """A stream without a descriptor that fails in one way."""

    def __init__(self, error):
        self.error = error

    def write(self, text):
        raise self.error

    def flush(self):
        raise self.error

    def fileno(self):
        raise OSError("none")


def test_who_reads_it_gets_what_is_told(capsys):
    print("told", file=lasting(sys.stderr), flush=True)
    assert capsys.readouterr().err == "told\n"


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EBADF])
def test_what_cant_be_told_is_no_error(number):
    print("lost", file=lasting(Broken(OSError(number, "broken"))), flush=True)


def test_a_pipe_without_a_reader_is_told_on():
    with pytest.raises(BrokenPipeError):
        print("lost", file=lasting(Broken(BrokenPipeError())), flush=True)


def test_what_a_closed_terminal_did_not_take_changes_no_exit_code():
    master, terminal = pty.openpty()
    program = "import sys; from harness.report.lasting import lasting; input()\nfor _ in range(9999): "
    program += "print('lost', file=lasting(sys.stderr), flush=True)"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=terminal) as told:
        os.close(terminal)
        os.close(master)
        told.communicate(b"\n", timeout=60)
    assert told.returncode == 0
