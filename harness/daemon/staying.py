"""What the process does that a cluster stays by: it holds the cluster, and answers until it is told to end it."""

import os
import signal
from contextlib import ExitStack, suppress
from typing import Any

from harness.cluster import linux
from harness.cluster.ledger import Ledger
from harness.cluster.linux import identity_of
from harness.cluster.wait import wait_until
from harness.daemon.desk import Desk
from harness.daemon.detached import Starter
from harness.daemon.doors import Doors
from harness.daemon.place import Place
from harness.daemon.server import Server
from harness.daemon.watched import Watched
from harness.errors import ClusterError, HarnessError, NotReadyError
from harness.hands import Hands
from harness.live import Live

_KILLED_S = 10.0
_LOOK_EVERY_S = 5.0


class Stay:
    """
    The time that a cluster stays, as a context of its place, of which `lock` is the claim: `hold` returns when its end
    is asked for, and whoever asked is answered on leaving, when it has ended. `watched` was shown all its ops.
    """

    def __init__(self, place: Place, lock: int, watched: Watched) -> None:
        self._place, self._lock, self._watched = place, lock, watched
        self._at_the_end = ExitStack()
        self.is_judged = False

    def __enter__(self) -> "Stay":
        """Of one of that name that was killed nothing is left then. Raises ClusterError."""
        clean_up(self._place)
        self._at_the_end.callback(self._remove)
        return self

    def __exit__(self, *_: object) -> None:
        self._at_the_end.close()

    def hold(self, hands: Hands, engine: str, starter: Starter, told: Any = None) -> None:
        """Let go of the starter, who is told that, else the status. Raises ClusterError before."""
        running = hands.running
        doors = Doors((hands.run_dir.logs / "publisher.log").resolve())
        doors.open_all(hands.plan, running.cluster)
        self._watched.look_at(hands.plan, running.status)
        desk = Desk(self._place, hands, self._watched, doors, engine)
        with self._place.socket() as path:
            self._at_the_end.enter_context(Server(path, desk.word))
        self._at_the_end.callback(desk.is_down.set)
        desk.write_facts()
        starter.let_go(desk.do_status() if told is None else told, hands.run_dir.logs / "daemon.log")
        with suppress(KeyboardInterrupt):
            while not desk.is_over.wait(_LOOK_EVERY_S) and self._place.is_kept(self._lock):
                pass
        self.is_judged = desk.is_judged

    def _remove(self) -> None:
        if self._place.is_kept(self._lock):
            self._place.remove()


def stay_up(place: Place, lock: int, live: Live, watched: Watched, starter: Starter) -> int:
    """Start the cluster, hold it until its end is asked for, and stop it. Raises HarnessError before it is ready."""
    linux.raise_file_limit()  # a listener for each worker
    with Stay(place, lock, watched) as stay:
        live.start()
        try:
            stay.hold(live, live.engine, starter)
        except BaseException:
            live.abandon()
            raise
        with suppress(HarnessError):  # whoever asked for the end is told what is left, and the record what went wrong
            if stay.is_judged:
                live.finish()
            else:
                live.abandon()
    return 0


def clean_up(place: Place) -> str:
    """See that nothing is left of a cluster whose daemon was killed; where its record is. Raises ClusterError."""
    facts = place.facts()
    if facts:
        if facts.engine:
            from harness.cluster.leftovers import remove_run  # imported late: few clusters have containers

            remove_run(facts.engine, facts.run_dir, looks=2)
        _wait_until_empty(Ledger(facts.run_dir, engine=facts.engine))
    place.clear()
    return facts.run_dir if facts else ""


def bury(place: Place) -> str:
    """Clean up, and have the place be nobody's. Raises as `clean_up` does; InputError where somebody has claimed it."""
    lock = place.claim()
    try:
        run_dir = clean_up(place)
        place.remove()
    finally:
        os.close(lock)
    return run_dir


def _wait_until_empty(ledger: Ledger) -> None:
    """The kernel ends a sandbox with its daemon, but not within no time."""
    try:
        wait_until("the end of its processes", lambda: not ledger.left_behind(), _KILLED_S)
    except NotReadyError as error:
        raise ClusterError(f"{error}; left are {', '.join(ledger.left_behind())}") from error


def kill(place: Place) -> None:
    """End a daemon that does not answer, and with it all of its cluster. Raises ClusterError where that goes on."""
    facts = place.facts()
    if facts and place.is_held() and identity_of(facts.pid) == facts.identity:
        _end(facts.pid)
    wait_gone(place)
    for pid in Ledger(facts.run_dir).pids() if facts else ():
        _end(pid)


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def wait_gone(place: Place) -> None:
    """Until its daemon has ended. Raises ClusterError when it does not."""
    try:
        wait_until(f"end of {place.name}", lambda: not place.is_held(), _KILLED_S)
    except NotReadyError as error:
        raise ClusterError(f"{error}; harness down --name {place.name} --force kills it") from error
