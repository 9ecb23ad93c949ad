"""
What a session wants done and what etcd may answer: the words between `session`, which decides, and `worker`, which
acts.
"""

from dataclasses import dataclass
from typing import Any, Literal

from harness.errors import EtcdError


@dataclass(frozen=True, slots=True)
class Held:
    """A registered key as it stands in etcd."""

    create_revision: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Grant:
    ttl_s: int


@dataclass(frozen=True, slots=True)
class Register:
    """Put the alive key under `lease`, and the registered key where it has another value, if that is still `held`."""

    lease: int
    value: bytes
    held: Held | None


@dataclass(frozen=True, slots=True)
class KeepAlive:
    lease: int


@dataclass(frozen=True, slots=True)
class Revoke:
    lease: int


Call = Grant | Register | KeepAlive | Revoke


@dataclass(frozen=True, slots=True)
class Granted:
    lease: int
    ttl_s: int


@dataclass(frozen=True, slots=True)
class Registered:
    revision: int


@dataclass(frozen=True, slots=True)
class NotRegistered:
    """The registered key is not `held`, but this."""

    found: Held | None


@dataclass(frozen=True, slots=True)
class KeptAlive:
    """`ttl_s` is 0 when the lease does not exist any more."""

    ttl_s: int


@dataclass(frozen=True, slots=True)
class Revoked:
    pass


Answer = Granted | Registered | NotRegistered | KeptAlive | Revoked | EtcdError


@dataclass(frozen=True, slots=True)
class Report:
    """An op for the history."""

    f: str
    value: dict[str, Any]
    type: Literal["ok", "fail", "info"] = "ok"
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of the process; `reason` is for people, empty for a stop that was asked for."""

    status: int
    reason: str = ""


Action = Call | Report | Exit
