"""The one place where the harness waits for something to become true."""

import threading
import time
from collections.abc import Callable

from harness.errors import NotReadyError

_POLL_S = 0.01


class Interrupted(Exception):
    """Waiting was given up because the run is being stopped; not an error of its own."""


def wait_until(
    what: str,
    probe: Callable[[], bool],
    timeout_s: float,
    stop: threading.Event | None = None,
    last_seen: Callable[[], str] = str,
) -> float:
    """
    Poll until `probe` holds; the seconds it took.

    Raises NotReadyError, saying what was waited for, how long, and what `last_seen` tells; Interrupted once `stop`
    is set.
    """
    stopped, began_s = stop or threading.Event(), time.monotonic()
    while not probe():
        waited_s = time.monotonic() - began_s
        if waited_s > timeout_s:
            seen = last_seen()
            raise NotReadyError(f"{what}: not within {timeout_s:g} s" + (f"; last seen: {seen}" if seen else ""))
        if stopped.wait(_POLL_S):
            raise Interrupted(what)
    return time.monotonic() - began_s
