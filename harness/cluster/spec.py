"""What the supervisor is told of a node: a process to start, in whose namespace, with which files beside it."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Spec:
    """
    `run` is `module:function` for a fork of the zygote (called with `settings`), or a program and its arguments.

    `place` names the network namespace (a node's own, or `harness` for the harness' own programs); `files` are written
    into the node's home before its first start only, so what a node keeps there outlives a restart. With an `image` the
    program runs in a container of it, and not as a process of the sandbox.
    """

    name: str
    run: str | tuple[str, ...]
    log: str
    place: str
    role: Literal["worker", "client", "etcd", "harness"]
    settings: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    image: str = ""

    @property
    def program(self) -> tuple[str, ...]:
        """A program and its arguments; empty for a fork of the zygote."""
        return () if isinstance(self.run, str) else self.run

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Spec":
        run = row["run"]
        return cls(**{**row, "run": run if isinstance(run, str) else tuple(run)})
