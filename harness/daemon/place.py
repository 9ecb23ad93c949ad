"""
Where a cluster that stays is found again: a folder of its user's by its name.

NAME/  lock          held by its daemon as long as that lives, however it ends
       cluster.json  what others may know without asking it
       socket        where it is asked
"""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from harness.cluster.private import make_private, runtime_folder
from harness.errors import ClusterError, InputError

DEFAULT = "dev"
_SOCKET = "socket"
_NAME_MAX = 40
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.-]{{0,{_NAME_MAX - 1}}}")
_FAILS = "no place for clusters that stay"


@dataclass(frozen=True)
class Facts:
    """
    `identity` is the daemon's, its pid first; `engine` the URL of the engine that its containers are in, empty where it
    has none; `doors` are addresses on this machine (`127.0.0.1:41379`) of nodes, by their names.
    """

    identity: str
    run_dir: str
    engine: str = ""
    nodes: list[str] = field(default_factory=list)
    doors: dict[str, str] = field(default_factory=dict)

    @property
    def pid(self) -> int:
        return int(self.identity.split()[0])


@dataclass(frozen=True)
class Place:
    """`of` finds the one of a name."""

    name: str
    folder: Path

    @classmethod
    def of(cls, name: str) -> "Place":
        """Raises InputError where no cluster can be called so, ClusterError where the folder is not the user's."""
        if not _NAME.fullmatch(name):
            allowed = "up to 40 letters, digits, '-', '_' and '.', a letter or digit first"
            raise InputError(f"{name!r} can't be a cluster's name: {allowed}")
        return cls(name, _home() / name)

    @classmethod
    def called_after(cls, scenario: str, seed: int) -> "Place":
        """Of a run that is kept. Raises ClusterError as `of` does."""
        name = re.sub(r"[^A-Za-z0-9_.-]", "-", f"{scenario}-{seed}")[-_NAME_MAX:].lstrip("-_.")
        return cls.of(name)

    @contextmanager
    def socket(self) -> Iterator[str]:
        """Its path while the context lasts, in few characters: a socket's may have 107. Raises OSError."""
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{folder}/{_SOCKET}"
        finally:
            os.close(folder)

    def must_be_free(self) -> None:
        """Raises InputError while a daemon has it."""
        if self.is_held():
            raise InputError(f"{self.name} is up already: harness status --name {self.name} tells of it")

    def claim(self) -> int:
        """
        Make it ours; the descriptor of its lock, which lasts until the last process that has it ends. What was left of
        others that never came up is removed.

        Raises InputError while a daemon has it.
        """
        with _told(), _turn():
            for other in _home().iterdir():
                Place(other.name, other).sweep()
            while True:
                self.folder.mkdir(mode=0o700, exist_ok=True)
                lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if os.path.samestat(os.fstat(lock), self._lock.stat()):  # else it was removed meanwhile
                        return lock
                except BlockingIOError:
                    os.close(lock)
                    self.must_be_free()
                    continue
                except FileNotFoundError:
                    pass
                os.close(lock)

    def sweep(self) -> None:
        """Remove it, where no daemon has it, and none has come so far that somebody may ask what became of it."""
        if self._facts.exists():
            return
        try:
            lock = os.open(self._lock, os.O_RDWR)
        except OSError:
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.remove()
        except BlockingIOError:
            pass
        finally:
            os.close(lock)

    def is_kept(self, lock: int) -> bool:
        """Whether it still is the place that was claimed: somebody may have removed it."""
        try:
            for path in (self._lock, self._facts):  # what cleans the folder leaves alone what is young
                with suppress(FileNotFoundError):
                    os.utime(path)
            return os.path.samestat(os.fstat(lock), self._lock.stat())
        except OSError:
            return False

    def is_held(self) -> bool:
        """Whether its daemon lives, or is about to."""
        with suppress(FileNotFoundError, NotADirectoryError), self._lock.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def exists(self) -> bool:
        """Whether there is one of this name, and be it that of a daemon that was killed."""
        return self._facts.exists() or self.is_held()

    def facts(self) -> Facts | None:
        """None while the cluster is not up yet."""
        try:
            return Facts(**json.loads(self._facts.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, facts: Facts) -> None:
        """As a whole. Raises ClusterError."""
        half = self._facts.with_suffix(".part")
        with _told():
            half.write_text(json.dumps(asdict(facts)))
            half.replace(self._facts)

    def clear(self) -> None:
        """Of what a dead daemon left there remains only the lock, which may be ours by now."""
        with _told():
            for path in (self._facts, self.folder / _SOCKET):
                path.unlink(missing_ok=True)

    def remove(self) -> None:
        with suppress(FileNotFoundError), _told():
            shutil.rmtree(self.folder)

    @property
    def _lock(self) -> Path:
        return self.folder / "lock"

    @property
    def _facts(self) -> Path:
        return self.folder / "cluster.json"


def places() -> list[Place]:
    """All of this user, in the order of their names. Raises ClusterError."""
    found = (Place(folder.name, folder) for folder in sorted(_home().iterdir()))
    return [place for place in found if place.exists()]


def _home() -> Path:
    home = runtime_folder("harness")
    make_private(home, _FAILS)
    return home


@contextmanager
def _turn() -> Iterator[None]:
    """One after the other, so that nobody who sweeps is taken for a daemon, or sweeps what another one claims."""
    home = os.open(_home(), os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(home, fcntl.LOCK_EX)
        yield
    finally:
        os.close(home)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ClusterError(f"{_FAILS}: {error}") from error
