"""Containers that nobody holds any more: those of a run that has ended, and those that dead commands left."""

import threading
from collections.abc import Callable
from contextlib import closing, suppress

from harness.cluster.engine import COMMAND, Container, Engine, EngineError
from harness.cluster.linux import identity_of

_BETWEEN_LOOKS_S = 1.0
_ANSWER_S = 3.0


def remove_run(url: str, run: str, looks: int = 1) -> None:
    """
    Everything of one run, until so many looks one second apart have found nothing.

    One look does where no call of anybody's can be on its way still. Raises EngineError.
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
    pause, empty = threading.Event(), 0
    while True:
        found = look()
        for container in found:
            engine.remove(container.id)
        empty = 0 if found else empty + 1
        if empty >= looks:
            return
        pause.wait(_BETWEEN_LOOKS_S if empty else 0.0)


def _is_dead(container: Container) -> bool:
    command = container.labels.get(COMMAND, "")
    pid = command.partition(" ")[0]
    return not pid.isdigit() or identity_of(int(pid)) != command
