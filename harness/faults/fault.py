"""
The one shape every fault has, and all it may ask of a cluster.

A fault is a frozen dataclass whose fields are its YAML parameters. `inject` does the damage and proves its effect,
`heal` undoes whatever `inject` did, even half of it, and proves that; the nemesis calls heal once for every inject it
began. Both block until they know. Effect and heal are proven by looking at the cluster, never by having asked for it;
the docstring of each says by what, in one sentence.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Protocol

from harness.core.links import Cuts, Link

Role = Literal["worker", "client", "etcd", "user"]
Signal = Literal["TERM", "KILL", "STOP", "CONT"]
Outcome = Literal["proven", "absent", "not-applicable"]

State = Literal["online", "offline"]

Targets = tuple[str, ...]
Everyone = Annotated[Targets, "all"]
"""Every worker that is there when the step begins."""
Newcomers = Annotated[Targets, "newcomers"]
"""Workers that were not there before; a scenario says how many."""
Seconds = Annotated[float, "duration"]

EVERYONE: frozenset[Role] = frozenset(("worker", "client", "etcd"))
"""Who has a process of the harness' own."""
ANYWHERE: frozenset[Role] = EVERYONE | {"user"}
"""Who has a place in the network."""


@dataclass(frozen=True)
class Proof:
    """What was seen of an effect or a heal; `after_s` seconds after it was asked for."""

    outcome: Outcome
    after_s: float = 0.0
    detail: str = ""


class Node(Protocol):
    """One node under the harness' control. Signals and starts return once they are sent, not once they worked."""

    def start(self) -> None: ...
    def signal(self, signal: Signal) -> None: ...
    def is_running(self) -> bool: ...
    def is_paused(self) -> bool: ...
    def is_ready(self) -> bool:
        """By its own protocol: a worker is online, a client has a view, etcd answers a linearizable read."""
        ...


class Cluster(Protocol):
    @property
    def names(self) -> tuple[str, ...]: ...
    def node(self, name: str) -> Node: ...
    def cut(self, cuts: Cuts) -> frozenset[Link]:
        """Count these links as cut once more; the links whose count went from 0 to 1 are given back."""
        ...

    def mend(self, cuts: Cuts) -> frozenset[Link]:
        """Count them as cut once less; the links whose count went from 1 to 0 are given back."""
        ...

    def passing(self, links: Collection[Link]) -> frozenset[Link]:
        """Those of `links` through which a datagram came just now."""
        ...

    def states(self) -> Mapping[str, State]:
        """The workers that are registered, as etcd has them now; one that is in neither state is not in it."""
        ...

    def showing(self, worker: str) -> tuple[str, ...]:
        """The running nodes that have this worker in their views, online or offline, as they were heard last."""
        ...

    def remove(self, worker: str) -> None:
        """
        Take an offline worker out of the cluster for good, and wait until etcd's log shows that.

        Raises ClusterError where it is refused or unknown.
        """
        ...

    @property
    def prefixes(self) -> tuple[str, str]:
        """What the cluster's registered keys begin with, and its alive ones."""
        ...

    def keys(self) -> frozenset[str]:
        """All keys that begin so, as etcd's log has them now."""
        ...

    def write(self, texts: Mapping[str, str]) -> None:
        """Put these values, as `text_of` writes them, under keys that are not there yet; all at once."""
        ...

    def erase(self, keys: Iterable[str]) -> None:
        """Delete these keys, at once; one that is not there is no error."""
        ...

    def compact(self, keep: int) -> bool:
        """Have etcd forget all but its last `keep` revisions; whether it refuses to read further back."""
        ...

    def wait(self, seconds: float) -> None:
        """Let so much time pass."""
        ...

    def seconds_until(self, what: str, probe: Callable[[], bool], timeout_s: float) -> float:
        """Poll until `probe` holds; the seconds it took. Raises NotReadyError saying `what` was waited for."""
        ...


class Fault(Protocol):
    name: ClassVar[str]
    roles: ClassVar[frozenset[Role]]
    takes_for: ClassVar[bool]
    """Whether the step's `for` says how long it lasts; else its own parameter `down_for` does."""

    def targets_in(self, names: Collection[str]) -> tuple[str, ...]:
        """The nodes it holds while it is open."""
        ...

    def cuts(self, names: Collection[str]) -> Cuts:
        """The links it cuts; empty for a fault that cuts none."""
        ...

    def inject(self, cluster: Cluster) -> Proof: ...
    def heal(self, cluster: Cluster) -> Proof: ...
