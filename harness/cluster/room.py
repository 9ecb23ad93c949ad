"""How much room this machine has for runs, how much of it a run takes, and whether it can hold one at all."""

import math
import os
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from harness.core.plan import Plan
from harness.errors import InputError

SHARES_A_CORE = 20
"""Room is given out in shares, so that a small run does not take as much as a big one."""

_CGROUP = Path("/sys/fs/cgroup")
_RUN_CORES, _NODE_CORES, _OP_A_S_CORES = 0.02, 0.008, 0.001
_HEADROOM = 2.0
_WINDOW_S, _IDLE_PART = 0.2, 0.1
_KINDS_OF_TIME = 8
"""Of the columns of /proc/stat: those after them, time of guests, are counted before already (proc(5))."""
_MEMORY_SHARE = 0.8
_RUN_BYTES, _NODE_BYTES = 150_000_000, 20_000_000
_SYSTEM = Path("/proc/sys")
_SPARE, _FILES_A_NODE = 100, 4
"""The supervisor holds a namespace, a prober and a pidfd of each node."""
_MAIN_THREADS, _ETCD_THREADS, _DISK_THREADS = 1, 4, 4 + 4 + 8 + 3
_GRPC_THREADS = 2 + min(16, max(4, os.cpu_count() or 1))
"""Its timer, its watcher, and as many for events as there are cores, 4 to 16: seen of grpc 1.85, more under load."""
THREADS_A_NODE = _MAIN_THREADS + _ETCD_THREADS + _DISK_THREADS + _GRPC_THREADS
"""Of a worker, which has the most. Calls that hang in the UFS have threads beside; no scenario makes it hang."""


@dataclass(frozen=True)
class Room:
    """What this process may use: `cores`, maybe a part of one more, and `memory_bytes` that are free."""

    cores: float
    memory_bytes: int

    @classmethod
    def of_machine(cls) -> "Room":
        """What the scheduler and the control group allow, where that is less than all there is."""
        cores, memory_bytes = float(len(os.sched_getaffinity(0))), psutil.virtual_memory().available
        quota, _, period = _text(_CGROUP / "cpu.max").partition(" ")
        if quota.isdigit() and period.isdigit():
            cores = min(cores, int(quota) / int(period))
        most, used = _number(_CGROUP / "memory.max"), _number(_CGROUP / "memory.current")
        if most is not None and used is not None:
            memory_bytes = min(memory_bytes, max(0, most - used + _reclaimable_bytes()))
        return cls(cores, memory_bytes)

    @property
    def shares(self) -> int:
        return max(1, int(self.cores * SHARES_A_CORE))

    def shares_of(self, plan: Plan) -> int:
        """
        How many of them a run takes: of cores or of memory, whichever is the greater part of what there is.

        Between its start and its verdict a run was measured to take of a core 0.02, 0.008 for each node and 0.001 for
        each operation a second, within a quarter, for 3 to 13 nodes and up to 110 operations; of memory 0.13 GB, and
        16 MB for each node. It gets twice as much of the cores: the other half is for starts, verdicts and whoever
        else is there. Of the memory that is free some is left.
        """
        nodes = len(plan.names) + len(plan.neighbours)
        ops_per_s = plan.workload.lookups_per_s + plan.workload.reads_per_s
        cores = _HEADROOM * (_RUN_CORES + _NODE_CORES * nodes + _OP_A_S_CORES * ops_per_s)
        memory = (_RUN_BYTES + _NODE_BYTES * nodes) / max(1.0, _MEMORY_SHARE * self.memory_bytes)
        return max(1, round(cores * SHARES_A_CORE), math.ceil(memory * self.shares))

    def runs(self, plan: Plan) -> int:
        """Of runs like this one so many at once; one at least."""
        return max(1, self.shares // self.shares_of(plan))


class Calm:
    """
    Whether a tenth of the machine's cores were idle, or did what gives way (nice), since it was last asked, a fifth of
    a second ago or more.
    """

    def __init__(self) -> None:
        self._at, self._is_calm = psutil.cpu_times(), False

    def __call__(self) -> bool:
        now = psutil.cpu_times()
        passed_s = sum(now[:_KINDS_OF_TIME]) - sum(self._at[:_KINDS_OF_TIME])
        if passed_s >= _WINDOW_S * (psutil.cpu_count() or 1):
            self._is_calm = _to_spare(now) - _to_spare(self._at) >= _IDLE_PART * passed_s
            self._at = now
        return self._is_calm


def _to_spare(times: Any) -> float:
    return float(times.idle + times.iowait + times.nice)


class Limit(NamedTuple):
    """`each` of something for each node, and some to spare; `most` is None where there is no such limit."""

    what: str
    each: int
    most: int | None

    def needed(self, nodes: int) -> int:
        return _SPARE + nodes * self.each

    def nodes(self) -> float:
        """How many at once it allows."""
        return math.inf if self.most is None else max(0, (self.most - _SPARE) // self.each)


def limits() -> tuple[Limit, ...]:
    """What bounds the nodes of one run here, whatever they do."""
    return (
        Limit("open files of a process (ulimit -Hn)", _FILES_A_NODE, _ulimit(resource.RLIMIT_NOFILE)),
        Limit(
            "threads of this user (ulimit -Hu)",
            THREADS_A_NODE,
            _ulimit(resource.RLIMIT_NPROC) if os.getuid() else None,
        ),
        Limit("threads of this control group (pids.max)", THREADS_A_NODE, _number(_CGROUP / "pids.max")),
        Limit("process numbers (kernel.pid_max)", THREADS_A_NODE, _number(_SYSTEM / "kernel/pid_max")),
        Limit("threads of this machine (kernel.threads-max)", THREADS_A_NODE, _number(_SYSTEM / "kernel/threads-max")),
        Limit("network namespaces (user.max_net_namespaces)", 1, _number(_SYSTEM / "user/max_net_namespaces")),
    )


def must_hold(nodes: int) -> None:
    """Raises InputError, with every limit that is too low, where this machine can't hold so many nodes at once."""
    low = [
        f"{limit.what}: {limit.most}, and {limit.needed(nodes)} are needed"
        for limit in limits()
        if limit.nodes() < nodes
    ]
    if low:
        raise InputError(f"{nodes} nodes are too many for the limits here: {'; '.join(low)}")


def _ulimit(which: int) -> int | None:
    _, most = resource.getrlimit(which)
    return None if most == resource.RLIM_INFINITY else most


def _number(path: Path) -> int | None:
    """None where there is no such limit."""
    text = _text(path)
    return int(text) if text.isdigit() else None


def _reclaimable_bytes() -> int:
    """Cached files that nobody uses count as used, yet make room for whoever needs it (cgroup-v2, memory.stat)."""
    stat = dict(line.partition(" ")[::2] for line in _text(_CGROUP / "memory.stat").splitlines())
    return int(stat.get("inactive_file", "0"))


def _text(path: Path) -> str:
    """Empty where there is no such file, as outside of a control group."""
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
