import socket
from pathlib import Path

from harness.core.history import Op
from harness.recorder import Recorder, Reporter

FULL = Path("/dev/full")


def fact(number):
    return Op(number, "worker-1", "ok", "view", {"revision": number})


def written(path):
    return [Op.parse(line) for line in path.read_bytes().splitlines()]


def test_what_writers_send_is_in_the_file_when_the_recorder_is_left(tmp_path):
    path = tmp_path / "history.jsonl"
    with Recorder(path, [], print) as recorder:
        theirs = recorder.theirs.dup()
        recorder.hang_up()
        reporter = Reporter(theirs.detach())
        for number in range(1, 2001):
            reporter.send(fact(number))
        reporter.close()
    assert written(path) == [fact(number) for number in range(1, 2001)]


def test_listeners_hear_every_op_and_those_of_the_command_too(tmp_path):
    heard = []
    with Recorder(tmp_path / "history.jsonl", [heard.append], print) as recorder:
        recorder.record("phase", {"phase": "start"})
    assert [(op.actor, op.f) for op in heard] == [("harness", "phase")]


def test_a_full_disk_is_told_once_and_does_not_stop_the_listeners():
    heard, reasons = [], []
    with Recorder(FULL, [heard.append], reasons.append) as recorder:
        for _ in range(3):
            recorder.record("phase", {"filler": "x" * 100_000})
    assert reasons == ["/dev/full: No space left on device; what was recorded until then is kept"]
    assert len(heard) == 3


def test_a_reporter_whose_reader_is_gone_says_nothing():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.close()
    reporter = Reporter(theirs.detach())
    reporter.send(fact(1))
    reporter.close()
