import errno
import os
import signal
import threading

import pytest

from harness.cluster.wait import wait_until
from harness.interrupts import Interrupts, was_dropped

LONG_S = 600.0


class Heard:
    def __init__(self):
        self.told, self.kills = [], 0

    def kill(self):
        self.kills += 1

    def during(self, patience_s=LONG_S):
        return Interrupts(self.told.append, self.kill, patience_s)


@pytest.fixture
def heard():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield Heard()
    signal.signal(signal.SIGINT, before)


def interrupt(number=signal.SIGINT):
    os.kill(os.getpid(), number)


def test_the_first_interrupts_and_says_what_is_waited_for_until_when_and_what_the_second_does(heard):
    with heard.during():
        with pytest.raises(KeyboardInterrupt):
            interrupt()
        wait_until("what is told", lambda: bool(heard.told), 10)
    (told,) = heard.told
    assert told.startswith("interrupted: waiting for all nodes to end, until ")
    assert told.endswith("; Ctrl-C again kills them at once")
    assert heard.kills == 0


def test_the_second_kills_and_interrupts_nothing_more(heard):
    with heard.during():
        with pytest.raises(KeyboardInterrupt):
            interrupt()
        interrupt()
        assert heard.kills == 1


def test_one_that_was_lost_on_its_way_counts_when_it_comes_again(heard):
    with heard.during():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                interrupt()
            was_dropped()
        with pytest.raises(KeyboardInterrupt):
            interrupt()
        interrupt()
    assert heard.kills == 1


def test_what_has_not_ended_when_patience_is_over_is_killed(heard):
    with heard.during(patience_s=0.0):
        with pytest.raises(KeyboardInterrupt):
            interrupt()
        wait_until("the kill", lambda: heard.kills == 1, 10)


def test_what_has_not_ended_is_killed_also_where_nobody_can_be_told(heard):
    def tell(line):
        raise OSError(errno.EIO, "the terminal is closed")

    with Interrupts(tell, heard.kill, patience_s=0.0):
        with pytest.raises(KeyboardInterrupt):
            interrupt()
        wait_until("the kill", lambda: heard.kills == 1, 10)


def test_a_second_one_in_the_midst_of_the_first_kills(heard, monkeypatch):
    class Interrupted(threading.Event):
        def set(self):
            if at_once:
                interrupt(at_once.pop())
            super().set()

    at_once = []
    monkeypatch.setattr(threading, "Event", Interrupted)
    with heard.during():
        at_once.append(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupt()
    assert heard.kills == 1


def test_who_is_not_interrupted_hears_nothing_and_later_ones_are_not_heard(heard):
    with heard.during():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert (heard.told, heard.kills) == ([], 0)


def test_a_signal_that_somebody_else_handles_is_left_to_them(heard):
    theirs = []
    signal.signal(signal.SIGINT, lambda number, frame: theirs.append(number))
    with heard.during():
        interrupt()
    assert (theirs, heard.kills) == ([signal.SIGINT], 0)


def test_other_threads_have_no_signals_to_hear(heard):
    def elsewhere():
        with heard.during():
            seen.append(signal.getsignal(signal.SIGINT))

    seen = []
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
