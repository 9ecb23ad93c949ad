"""Containers that nobody holds any more: those of a run that has ended, and those that dead commands left."""

import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress

from harness.cluster.engine import COMMAND, Container, Engine, EngineError
from harness.cluster.linux import identity_of

_BETWEEN_LOOKS_S, _BETWEEN_REMOVALS_S = 1.0, 0.1
_REMOVED_S = 30.0
_ANSWER_S = 3.0


def remove_run(url: str, run: str, looks: int = 1) -> None:
    """
    Everything of one run, until so many looks one second apart have found nothing.

    One look does where no call of anybody's can be on its way still. Raises EngineError, also when one of them is still
    there after 30 s.
    """
    with closing(Engine(url, _ANSWER_S)) as engine:
        _remove_until_none(lambda: engine.containers(run), engine, looks)


def remove_dead(url: str) -> None:
    """Whatever was started by a command that is no more; those of living ones are not touched. Raises EngineError."""
    with closing(Engine(url, _ANSWER_S)) as engine:
        _remove_until_none(lambda: [found for found in engine.containers() if _is_dead(found)], engine, looks=2)


def sweep(url: str) -> None:
    """`remove_dead` in the background; an engine that fails here is told where it is needed."""

    def work() -> None:
        with suppress(EngineError):
            remove_dead(url)

    threading.Thread(target=work, name="sweep", daemon=True).start()


def _remove_until_none(look: Callable[[], list[Container]], engine: Engine, looks: int) -> None:
    pause, until_s, empty = threading.Event(), time.monotonic() + _REMOVED_S, 0
    while True:
        found = look()
        for container in found:
            engine.remove(container.id)
        empty = 0 if found else empty + 1
        if empty >= looks:
            return
        if found and time.monotonic() > until_s:
            raise EngineError(f"{found[0]} can't be removed")
        pause.wait(_BETWEEN_REMOVALS_S if found else _BETWEEN_LOOKS_S)


def _is_dead(container: Container) -> bool:
    """Of one with another label than ours nobody can say whose it is."""
    command = container.labels.get(COMMAND, "")
    pid, _, start = command.partition(" ")
    return pid.isdecimal() and start.isdecimal() and identity_of(int(pid)) != command
