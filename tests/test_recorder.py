import socket
from pathlib import Path

from harness.core.history import Op
from harness.recorder import Recorder, Writer

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
        writer = Writer(theirs.detach())
        for number in range(1, 2001):
            writer.send(fact(number))
        writer.close()
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


def test_a_writer_whose_reader_is_gone_says_nothing(capfd):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.close()
    writer = Writer(theirs.detach())
    writer.send(fact(1))
    writer.close()
    assert capfd.readouterr() == ("", "")


def test_a_line_longer_than_a_socket_holds_arrives_whole_among_others(tmp_path):
    path = tmp_path / "history.jsonl"
    long = Op(2, "observer", "ok", "snapshot", {"kvs": ["x" * 1000] * 1000})
    with Recorder(path, [], print) as recorder:
        theirs = recorder.theirs.dup()
        recorder.hang_up()
        writer = Writer(theirs.detach())
        for op in (fact(1), long, fact(3)):
            writer.send(op)
        writer.close()
    assert written(path) == [fact(1), long, fact(3)]


def test_a_listener_that_fails_is_told_once_and_nothing_is_lost(tmp_path):
    path, reasons = tmp_path / "history.jsonl", []

    def fail(op):
        raise BrokenPipeError("nobody reads the screen")

    with Recorder(path, [fail], reasons.append) as recorder:
        theirs = recorder.theirs.dup()
        recorder.hang_up()
        writer = Writer(theirs.detach())
        for number in range(5):
            writer.send(fact(number))
        writer.close()
    assert len(written(path)) == 5
    assert len(reasons) == 1
    assert "nobody reads the screen" in reasons[0]
