"""What the process does that a cluster stays by: it holds the cluster, and answers until it is told to end it."""

import os
from contextlib import suppress

from harness.cluster.wait import wait_until
from harness.daemon.desk import Desk
from harness.daemon.detached import Ready
from harness.daemon.doors import Doors
from harness.daemon.place import Facts, Place
from harness.daemon.server import Server
from harness.daemon.watched import Watched
from harness.errors import ClusterError, HarnessError, NotReadyError
from harness.live import Live

_KILLED_S = 10.0
_LOOK_EVERY_S = 5.0


def stay_up(place: Place, lock: int, live: Live, watched: Watched, ready: Ready) -> int:
    """
    Start the cluster, be `ready`, and hold it until somebody asks for its end, or nobody could find it any more.

    Raises HarnessError before it is ready.
    """
    try:
        live.start()
        try:
            doors = Doors((live.run_dir.logs / "publisher.log").resolve())
            doors.open_all(live.plan, live.running.cluster)
            watched.look_at(live.plan, live.running.status)
            desk = Desk(place.name, live, live.running, watched, doors)
        except BaseException:
            live.abandon()
            raise
        with Server(place.socket, desk.word):
            place.write(_facts(live, doors))
            ready(desk.do_status())
            with suppress(KeyboardInterrupt):
                while not desk.is_over.wait(_LOOK_EVERY_S) and place.is_kept(lock):
                    pass
            _end(live, desk)
    finally:
        if place.is_kept(lock):
            place.remove()
    return 0


def _facts(live: Live, doors: Doors) -> Facts:
    run_dir = str(live.run_dir.path.resolve())
    return Facts(os.getpid(), run_dir, live.engine, list(live.plan.names), doors.addresses)


def _end(live: Live, desk: Desk) -> None:
    try:
        if desk.is_judged:
            live.finish()
        else:
            live.abandon()
    except HarnessError as error:
        desk.notes.append(str(error))
    finally:
        desk.is_down.set()


def clean_up(place: Place) -> str:
    """See that nothing is left of a cluster whose daemon was killed; where its record is. Raises ClusterError."""
    facts = place.facts()
    if facts and facts.engine:
        from harness.cluster.leftovers import remove_run  # imported late: few clusters have containers

        remove_run(facts.engine, facts.run_dir, looks=2)
    place.clear()
    return facts.run_dir if facts else ""


def kill(place: Place) -> None:
    """End a daemon that does not answer, and with it all of its cluster. Raises ClusterError where that goes on."""
    facts = place.facts()
    if facts and place.is_held():
        with suppress(ProcessLookupError):
            os.kill(facts.pid, 9)
    wait_gone(place)


def wait_gone(place: Place) -> None:
    """Until its daemon has ended. Raises ClusterError when it does not."""
    try:
        wait_until(f"end of {place.name}", lambda: not place.is_held(), _KILLED_S)
    except NotReadyError as error:
        raise ClusterError(f"{error}; harness down --name {place.name} --force kills it") from error
