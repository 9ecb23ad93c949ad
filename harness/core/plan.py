"""
What one run will do, with nothing left to chance: a scenario with a seed applied, as data.

`harness.scenario.plan.make_plan` makes it, `run` carries it out, `plan.json` in the run's folder keeps it for `check`.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

EtcdRuntime = Literal["auto", "docker", "process"]
SEED_MAX = 2**63 - 1
"""Seeds count from 0; a run's folder is named after its seed."""


@dataclass(frozen=True)
class When:
    """A step begins once these workers (or this many) are all in `state`; not met `within_s` makes the run unknown."""

    state: Literal["online", "offline"]
    names: tuple[str, ...] = ()
    count: int | None = None
    within_s: float = 30.0
    after_s: float = 0.0


@dataclass(frozen=True)
class Step:
    """
    One fault, begun at `at_s` seconds after start-up or on `when`.

    `params` are the fields of the fault's dataclass in `harness.faults`, targets already drawn (except etcd's
    `leader`), durations in seconds. `for_s` None means until the run heals (or for good: kill, decommission, join).
    """

    fault: str
    params: dict[str, Any]
    at_s: float | None = None
    when: When | None = None
    for_s: float | None = None


@dataclass(frozen=True)
class Workload:
    """
    Rates of all clients together, per second; `keys` are the paths looked up and read, each a file of `file_bytes`
    (None: of 100 bytes to 8 KiB).
    """

    keys: tuple[str, ...]
    lookups_per_s: float
    reads_per_s: float
    file_bytes: int | None = None


@dataclass(frozen=True)
class Etcd:
    members: tuple[str, ...] = ("etcd-1",)
    runtime: EtcdRuntime = "auto"
    timers: Literal["tuned", "default"] = "tuned"
    image: str | None = None
    binary: str | None = None


@dataclass(frozen=True)
class Expect:
    """`violated` must be violated, `also` may be, nothing else; outcome `unknown` and `valid` need no names."""

    outcome: Literal["valid", "violated", "unknown"] = "valid"
    violated: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """Which invariants are judged: those that apply (`default`), plus `names` always, minus `without`."""

    default: bool = True
    names: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Neighbour:
    """Another cluster on the same etcd, by its name there; no fault touches its workers, no client asks them."""

    cluster: str
    workers: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """
    `workers` are there from the start, `joiners` come by a join step; `identities` maps both, and the workers of the
    `neighbour`, to `worker-<uuid>`. `guests` are the clients that are somebody else's, with the commands that run them.
    `users` are places for programs of whoever holds the cluster; nothing runs there by itself.
    """

    scenario: str
    seed: int
    workers: tuple[str, ...]
    clients: tuple[str, ...]
    identities: dict[str, str]
    properties: dict[str, str]
    workload: Workload
    steps: tuple[Step, ...] = ()
    joiners: tuple[str, ...] = ()
    etcd: Etcd = Etcd()
    broken: dict[str, str] = field(default_factory=dict)
    duration_s: float | None = None
    tail_s: float = 3.0
    settle_s: float = 30.0
    invariants: Selection = Selection()
    expect: Expect = Expect()
    tags: tuple[str, ...] = ()
    time_scale: float = 1.0
    neighbour: Neighbour | None = None
    guests: dict[str, tuple[str, ...]] = field(default_factory=dict)
    users: tuple[str, ...] = ()

    @property
    def own_clients(self) -> tuple[str, ...]:
        """The clients that tell their views with the revision of each, as guests do not."""
        return tuple(name for name in self.clients if name not in self.guests)

    @property
    def neighbours(self) -> tuple[str, ...]:
        """The nodes of the other cluster."""
        return self.neighbour.workers if self.neighbour else ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every node of the cluster there ever is, etcd and planned joiners included."""
        return self.etcd.members + self.workers + self.joiners + self.clients + self.users

    def to_json(self) -> str:
        """Canonical: the same plan gives the same bytes."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read `to_json()` back. Raises ValueError, KeyError or TypeError when it is no plan."""
        row = json.loads(text)
        row["steps"] = tuple(_step(step) for step in row["steps"])
        row["workload"] = Workload(**_tuples(row["workload"]))
        row["etcd"] = Etcd(**_tuples(row["etcd"]))
        row["invariants"] = Selection(**_tuples(row["invariants"]))
        row["expect"] = Expect(**_tuples(row["expect"]))
        row["neighbour"] = row.get("neighbour") and Neighbour(**_tuples(row["neighbour"]))
        row["guests"] = _tuples(row.get("guests", {}))
        return cls(**_tuples(row))


def _step(row: dict[str, Any]) -> Step:
    when = row["when"] and When(**_tuples(row["when"]))
    return Step(**{**row, "when": when})


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
