"""
How many runs this machine carries at once, agreed on by all processes of a user: every pytest with its workers, soaks.

The budget is a folder of empty files, one a share of the machine. Who holds a share holds the lock of its file
(flock), which the kernel lets go of when the process ends, however it ends: none can be forgotten.
"""

import fcntl
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Self

from harness.cluster.private import make_private, runtime_folder
from harness.cluster.room import SHARES_A_CORE, Calm, Room
from harness.cluster.wait import wait_until
from harness.core.plan import Plan
from harness.errors import ClusterError

_START_CORES = 0.5
_CALM_WITHIN_S = 3.0
_FOREVER_S = 30 * 24 * 3600.0
_FAILS = "can't share this machine with other runs"

FOLDER = "harness-budget"
"""Among those of this user."""


class Admission:
    """Shares that a run holds, as a context: they are let go at its end. It waited `waited_s` for them."""

    def __init__(self, shares: list[IO[bytes]], lasting: int, waited_s: float) -> None:
        self._shares, self._lasting, self.waited_s = shares, lasting, waited_s

    def started(self) -> None:
        """What the start took on top is let go."""
        self._keep(self._lasting)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._keep(0)

    def _keep(self, number: int) -> None:
        while len(self._shares) > number:
            self._shares.pop().close()


class Budget:
    """A user's budget of this machine. Raises ClusterError where its folder can't be made, or is somebody else's."""

    def __init__(self, folder: Path | None = None, room: Room | None = None) -> None:
        self._folder, self._room = folder or runtime_folder(FOLDER), room or Room.of_machine()
        make_private(self._folder, _FAILS)

    def admit(self, plan: Plan, stop: threading.Event | None = None) -> Admission:
        """
        Wait until the machine has room for the run, at first with what its start takes on top.

        Shares are collected at the gate, by one process at a time: none waits for another that waits for it, and who
        needs many is not passed by for ever. Raises Interrupted once `stop` is set, ClusterError.
        """
        there, is_calm = self._room.shares, Calm()
        lasting = min(self._room.shares_of(plan), there)
        wanted = min(max(lasting, round(_START_CORES * SHARES_A_CORE)), there)
        with self._open("gate") as gate, ExitStack() as at_the_end:
            waited_s = wait_until("its turn", lambda: _is_locked(gate), _FOREVER_S, stop)
            free = [at_the_end.enter_context(self._open(f"share-{number}")) for number in range(there)]
            held = list[IO[bytes]]()

            def has_room() -> bool:
                held.extend(_taken(free, wanted - len(held)))
                return len(held) == wanted

            waited_s += wait_until("room on this machine", has_room, _FOREVER_S, stop)
            waited_s += _calmed(is_calm, free, stop)
            at_the_end.pop_all()
        for file in free:
            file.close()
        return Admission(held, lasting, waited_s)

    def _open(self, name: str) -> IO[bytes]:
        try:
            return (self._folder / name).open("ab")
        except OSError as error:
            raise ClusterError(f"{_FAILS}: {error}") from error


def _calmed(is_calm: Callable[[], bool], free: list[IO[bytes]], stop: threading.Event | None) -> float:
    """
    Seconds until the machine is calm, or no other run has a share; at the gate, so that on a machine that others keep
    busy runs begin one by one, and fewer go on side by side.
    """
    began_s = time.monotonic()

    def may_begin() -> bool:
        return is_calm() or time.monotonic() - began_s > _CALM_WITHIN_S or _are_all_free(free)

    return wait_until("a calm machine", may_begin, _FOREVER_S, stop)


def _taken(files: list[IO[bytes]], most: int) -> list[IO[bytes]]:
    """Files whose locks were free and are ours now; they are no longer in `files`."""
    taken = list[IO[bytes]]()
    for file in list(files):
        if len(taken) < most and _is_locked(file):
            files.remove(file)
            taken.append(file)
    return taken


def _are_all_free(files: list[IO[bytes]]) -> bool:
    """Right now; none of them is ours afterwards."""
    taken = _taken(mine := [*files], len(files))
    for file in taken:
        fcntl.flock(file, fcntl.LOCK_UN)
    return not mine


def _is_locked(file: IO[bytes]) -> bool:
    """By us, from now on until it is closed or this process ends; not where another one has the lock."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
