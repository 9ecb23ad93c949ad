"""Files that can't be opened: whoever opens one for reading hangs in the kernel, as on a file server that is silent."""

import fcntl
import os
import signal
from contextlib import contextmanager

_SET_LEASE, _SET_SIGNAL = 1024, 10  # of fcntl(2); Python 3.11 names neither


@contextmanager
def hanging(*paths):
    """
    While a process has a write lease of a file, whoever else opens it waits until it is given back, at most for
    /proc/sys/fs/lease-break-time: 45 s. The holder is told by a signal, here by one that does nothing.
    """
    held = [os.open(path, os.O_RDWR) for path in paths]
    for fd in held:
        fcntl.fcntl(fd, _SET_SIGNAL, signal.SIGURG)
        fcntl.fcntl(fd, _SET_LEASE, fcntl.F_WRLCK)
    try:
        yield
    finally:
        for fd in held:
            os.close(fd)
