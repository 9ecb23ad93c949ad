"""
What a run has put on this machine, and what of it is still there.

Everything of a run carries its mark: processes in their environment, mounts in their source or target. Its namespaces
are held open until they have been looked for: their numbers would be given to somebody else's the moment they are free.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

MARK = "HARNESS_RUN"
_ANSWER_S = 3.0
_KINDS = ("pid", "mnt", "net", "user")


class Ledger:
    """
    `mark` is the run's own; `held` are descriptors of its sandbox' namespaces, given up by `close`; `engine` is the URL
    of the engine that its containers are in, empty where it has none.
    """

    def __init__(self, mark: str, held: Iterable[int] = (), engine: str = "") -> None:
        self.mark, self._held, self._engine = mark, list(held), engine
        names = frozenset(os.readlink(f"/proc/self/fd/{fd}") for fd in self._held)
        self.namespaces = names - _namespaces("self")

    def namespaces_held(self) -> dict[str, int]:
        """Descriptors of the sandbox' namespaces by kind; they are the ledger's."""
        return dict(zip(_KINDS, self._held, strict=True))

    def close(self) -> None:
        while self._held:
            os.close(self._held.pop())

    def left_behind(self) -> list[str]:
        """
        Processes that carry the mark or live in the run's namespaces, mounts that name it, containers labelled with it.

        Sockets and folders of a run lie in the memory of its sandbox, or in its own folder, which is meant to stay.
        """
        return sorted({*self._processes(), *self._mounts(), *self._containers()})

    def pids(self) -> list[int]:
        """The processes of this machine that carry the mark."""
        mark = f"{MARK}={self.mark}".encode()
        return [pid for pid in _pids() if mark in _read(f"/proc/{pid}/environ").split(b"\0")]

    def _processes(self) -> Iterator[str]:
        yield from (f"process {pid}" for pid in self.pids())
        for pid in _pids():
            for namespace in sorted(_namespaces(pid) & self.namespaces):
                yield f"namespace {namespace} of process {pid}"

    def _containers(self) -> list[str]:
        if not self._engine:
            return []
        from harness.cluster.engine import Engine, EngineError  # imported late: not for every run

        try:
            with closing(Engine(self._engine, _ANSWER_S)) as engine:
                return [str(container) for container in engine.containers(self.mark)]
        except EngineError as error:
            return [f"nobody knows which containers: {error}"]

    def _mounts(self) -> Iterator[str]:
        for line in _read("/proc/self/mountinfo").decode(errors="replace").splitlines():
            target = line.split(" ")[4]
            if self.mark.replace(" ", "\\040") in line or any(namespace in line for namespace in self.namespaces):
                yield f"mount {target}"


def own_namespaces() -> list[int]:
    """Descriptors of the namespaces that this process is in."""
    return [os.open(f"/proc/self/ns/{kind}", os.O_RDONLY) for kind in _KINDS]


def _namespaces(pid: int | str) -> frozenset[str]:
    try:
        return frozenset(os.readlink(f"/proc/{pid}/ns/{kind}") for kind in _KINDS)
    except OSError:
        return frozenset()  # gone, or another user's


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
