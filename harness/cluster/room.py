"""How many runs this machine carries at once, and whether it has room for one at all."""

import os
import resource
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.errors import InputError

_CGROUP = Path("/sys/fs/cgroup")
_NODES_A_CORE, _NODES_AT_LEAST = 20, 10
_MEMORY_SHARE = 0.8
_RUN_BYTES, _NODE_BYTES = 150_000_000, 20_000_000
_SYSTEM = Path("/proc/sys")
_SPARE, _FILES_A_NODE, _THREADS_A_NODE = 100, 4, 12
"""The supervisor holds a namespace, a prober and a pidfd of each node; a worker has up to eleven threads."""


@dataclass(frozen=True)
class Room:
    """What this process may use: `cores`, maybe a part of one more, and `memory_bytes` that are free."""

    cores: float
    memory_bytes: int

    @classmethod
    def of_machine(cls) -> "Room":
        """What the scheduler and the control group allow, where that is less than all there is."""
        cores, memory_bytes = float(len(os.sched_getaffinity(0))), psutil.virtual_memory().available
        quota, _, period = _limit("cpu.max").partition(" ")
        if quota.isdigit() and period.isdigit():
            cores = min(cores, int(quota) / int(period))
        most, used = _limit("memory.max"), _limit("memory.current")
        if most.isdigit() and used.isdigit():
            memory_bytes = min(memory_bytes, max(0, int(most) - int(used) + _reclaimable_bytes()))
        return cls(cores, memory_bytes)

    def by_cores(self, nodes: int) -> int:
        """Runs mostly wait: two of the usual size a core, fewer of those with more than ten nodes."""
        return max(1, int(self.cores * _NODES_A_CORE / max(nodes, _NODES_AT_LEAST)))

    def by_memory(self, nodes: int) -> int:
        """Of what is free some is left; measured, a run takes 0.13 GB and 16 MB for each node."""
        return max(1, int(self.memory_bytes * _MEMORY_SHARE / (_RUN_BYTES + _NODE_BYTES * nodes)))

    def runs(self, nodes: int) -> int:
        """At once, of runs that have so many nodes."""
        return min(self.by_cores(nodes), self.by_memory(nodes))


def must_hold(nodes: int) -> None:
    """Raises InputError, with every limit that is too low, where this machine can't hold so many nodes at once."""
    files, threads, networks = (_SPARE + nodes * each for each in (_FILES_A_NODE, _THREADS_A_NODE, 1))
    limits = (
        ("open files of a process (ulimit -Hn)", files, _ulimit(resource.RLIMIT_NOFILE)),
        ("threads of this user (ulimit -Hu)", threads, _ulimit(resource.RLIMIT_NPROC) if os.getuid() else None),
        ("threads of this control group (pids.max)", threads, _number(_CGROUP / "pids.max")),
        ("process numbers (kernel.pid_max)", threads, _number(_SYSTEM / "kernel/pid_max")),
        ("threads of this machine (kernel.threads-max)", threads, _number(_SYSTEM / "kernel/threads-max")),
        ("network namespaces (user.max_net_namespaces)", networks, _number(_SYSTEM / "user/max_net_namespaces")),
    )
    low = [
        f"{what}: {most}, and {needed} are needed"
        for what, needed, most in limits
        if most is not None and most < needed
    ]
    if low:
        raise InputError(f"{nodes} nodes are too many for the limits here: {'; '.join(low)}")


def _ulimit(which: int) -> int | None:
    _, most = resource.getrlimit(which)
    return None if most == resource.RLIM_INFINITY else most


def _number(path: Path) -> int | None:
    """None where there is no such limit."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _reclaimable_bytes() -> int:
    """Cached files that nobody uses count as used, yet make room for whoever needs it (cgroup-v2, memory.stat)."""
    stat = dict(line.partition(" ")[::2] for line in _limit("memory.stat").splitlines())
    return int(stat.get("inactive_file", "0"))


def _limit(name: str) -> str:
    """Empty where there is no such file, as outside of a control group."""
    try:
        return (_CGROUP / name).read_text(encoding="ascii").strip()
    except OSError:
        return ""
