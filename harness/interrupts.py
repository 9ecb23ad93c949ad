"""
What Ctrl-C does to a run: the first ends it cleanly, which is told with the moment until which that may last; a second
one, or that moment, kills what has not ended.
"""

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def was_dropped() -> None:
    """The KeyboardInterrupt of a signal was lost on its way: the signal that comes next is no second one."""
    Interrupts.is_first_dropped = True


class Interrupts:
    """
    A context, in the main thread. Of signals only those are heard that would raise KeyboardInterrupt; the first of them
    does so still. `tell` and `kill` may be called from a thread; what is not told is killed all the same.
    """

    is_first_dropped = False

    def __init__(self, tell: Callable[[str], None], kill: Callable[[], None], patience_s: float) -> None:
        self._tell, self._kill, self._patience_s = tell, kill, patience_s
        self._is_heard, self._heard, self._over = False, threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._wait, name="interrupts", daemon=True)
        self._replaced = list[signal.Signals]()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._replaced = [each for each in _SIGNALS if signal.getsignal(each) is signal.default_int_handler]
        for each in self._replaced:
            signal.signal(each, self._hear)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._replaced:
            signal.signal(each, signal.default_int_handler)
        self._over.set()
        self._heard.set()
        self._thread.join()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        """Also in the midst of itself: hence no lock before it is known that this is the first."""
        if self._is_heard and not Interrupts.is_first_dropped:
            self._kill()
        else:
            self._is_heard, Interrupts.is_first_dropped = True, False
            self._heard.set()
            raise KeyboardInterrupt

    def _wait(self) -> None:
        self._heard.wait()
        if self._over.is_set():
            return
        until = time.strftime("%H:%M:%S", time.localtime(time.time() + self._patience_s))
        what = f"waiting for all nodes to end, until {until} at most"
        with suppress(OSError):  # nobody reads any more
            self._tell(f"interrupted: {what}; Ctrl-C again kills them at once")
        if not self._over.wait(self._patience_s):
            with suppress(OSError):
                self._tell("they have not ended: killed")
            self._kill()
