import threading

import pytest

from harness.cluster.wait import Interrupted, wait_until
from harness.errors import NotReadyError


def test_what_holds_at_once_is_not_waited_for():
    assert wait_until("the sun", lambda: True, timeout_s=0) < 1


def test_a_probe_is_asked_until_it_holds():
    answers = iter([False, False, True])
    wait_until("the third answer", lambda: next(answers), timeout_s=60)
    assert list(answers) == []


def test_a_timeout_says_what_how_long_and_what_was_seen_last():
    with pytest.raises(NotReadyError, match=r"^worker-1 online: not within 0 s; last seen: joining$"):
        wait_until("worker-1 online", lambda: False, timeout_s=0, last_seen=lambda: "joining")


def test_a_run_that_is_being_stopped_waits_for_nothing():
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        wait_until("never", lambda: False, timeout_s=60, stop=stop)
