"""How a node is started: what it is told, the class that takes its part, where its log goes."""

import asyncio
import importlib.util
import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from harness.core.patience import etcd_call_s
from harness.core.properties import Properties, parse_properties
from harness.errors import HarnessError, InputError

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """`given` are the properties that were set, without defaults; `control` None for no control socket."""

    name: str
    properties: Properties
    given: Mapping[str, str]
    incarnation: int = 1
    home: Path | None = None
    control: str | None = None
    history_fd: int | None = None
    part: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Settings":
        """
        From `name`, `conf` (a .properties file or None) and maybe `incarnation`, `home`, `control`, `history_fd`,
        `class`, and `properties` that win over the file's. Raises InputError.
        """
        given = {**read_properties(row["conf"]), **row.get("properties", {})}
        home = Path(row["home"]) if row.get("home") else None
        return cls(
            row["name"],
            Properties(given),
            given,
            row.get("incarnation", 1),
            home,
            row.get("control"),
            row.get("history_fd"),
            row.get("class"),
        )

    @property
    def etcd_timeout_s(self) -> float:
        """The deadline of each of its calls to etcd."""
        return etcd_call_s(self.properties)

    @property
    def identity_file(self) -> Path:
        return self._place("alluxio.worker.identity.uuid.file.path", "worker_identity")

    @property
    def page_folder(self) -> Path:
        return self._place("alluxio.worker.page.store.dirs", "pages")

    def _place(self, name: str, at_home: str) -> Path:
        """Where the property says, relative to `home`; `at_home` where there is a home and it was not set."""
        if self.home is None:
            return Path(self.properties.text(name))
        return self.home / self.given.get(name, at_home)


def read_properties(conf: str | None) -> dict[str, str]:
    """The properties of a file; none without one. Raises InputError."""
    if conf is None:
        return {}
    try:
        return parse_properties(Path(conf).read_text(), conf)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{conf}: can't be read: {error}") from error


class Part(Protocol):
    """What a node's class has: made of its settings and its log, it runs until it ends with a status."""

    def __init__(self, settings: Settings, logger: logging.Logger) -> None: ...
    async def run(self) -> int: ...


def run_part(base: type[Part], row: Mapping[str, Any]) -> int:
    """
    A node's process from its settings to its exit status: 254 for wrong input, 1 where it can't go on.

    Why it ended is the last line on stderr.
    """
    logger = log_to_stderr(row["name"])
    try:
        settings = Settings.of(row)
        return asyncio.run(part_of(settings.part, base)(settings, logger).run())
    except HarnessError as error:
        logger.critical("%s", error)
        return 254 if isinstance(error, InputError) else 1


def part_of(spec: str | None, base: type[T]) -> type[T]:
    """The class `path/to/file.py:Name`, a subclass of `base`, or `base` itself for None. Raises InputError."""
    if spec is None:
        return base
    path, _, name = spec.rpartition(":")
    module_spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    if not module_spec or not module_spec.loader or not Path(path).is_file():
        raise InputError(f"{spec!r} names no class; write path/to/file.py:ClassName")
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[module_spec.name] = module
    module_spec.loader.exec_module(module)
    found = getattr(module, name, None)
    if not isinstance(found, type) or not issubclass(found, base):
        raise InputError(f"{path} has no class {name!r} made from {base.__name__}")
    return found


def log_to_stderr(name: str) -> logging.Logger:
    """One line per event, stamped with the monotonic clock in seconds, which is the clock of the history."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Stamped("%(clock).3f %(name)s %(message)s"))
    logger = logging.getLogger(name)
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
    return logger


class _Stamped(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        record.clock = time.monotonic()
        return super().format(record)
