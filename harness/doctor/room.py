"""How much fits: cores and memory, limits of the machine, and folders that can be written to."""

import math
import os
import platform
import shutil
import sys
import tempfile
from bisect import bisect_right
from dataclasses import replace
from pathlib import Path

import psutil

from harness.cluster.budget import FOLDER
from harness.cluster.private import runtime_folder
from harness.cluster.room import Limit, Room, limits
from harness.core.plan import Plan, Workload
from harness.doctor import remedies
from harness.doctor.finding import Finding, Remedy, State
from harness.report.wording import room_text

_TYPICAL, _BESIDE = 3, 2
"""Workers of a small run; beside them, one member of etcd and one client."""
LOOKUPS_PER_S, READS_PER_S = 100.0, 10.0
"""Of a scenario that says nothing of them."""
_MOST = 100_000
_PLENTY = 2**60
_LITTLE_BYTES = 100_000_000


def system() -> list[Finding]:
    fact = f"{platform.system()} {platform.release()} on {platform.machine()}, Python {platform.python_version()}"
    return [Finding("system", "yes", fact)]


def room() -> list[Finding]:
    if sys.platform != "linux":
        here = Room(os.cpu_count() or 1, psutil.virtual_memory().available)
        return [Finding("room", "yes", _room_text(here))]
    return [of_room(Room.of_machine(), min(limits(), key=Limit.nodes)), *of_limits(limits())]


def of_room(here: Room, tightest: Limit) -> Finding:
    """How many runs at once, and how big one can be: with the leases of `fast`, and before anything else is full."""
    busy = _workers(replace(here, memory_bytes=_PLENTY))
    bounds = {"memory": _workers(replace(here, cores=float(_PLENTY))), tightest.what: tightest.nodes() - _BESIDE}
    first = min(bounds, key=lambda what: bounds[what])
    most = max(0, bounds[first])
    fits = here.shares_of(_plan(_TYPICAL)) <= here.shares and bounds["memory"] >= _TYPICAL
    told = f"about {_count(here.runs(_plan(_TYPICAL)), 'run')} of {_TYPICAL} workers at once; in one about "
    told += f"{min(busy, most):,.0f} workers with leases of 2 s, {most:,.0f} with long ones ({first} is full then)"
    if not fits:
        told = "a run may come out unknown: the machine is too small to keep up"
    return Finding("room", "yes" if fits else "partly", _room_text(here), told)


def of_limits(found: tuple[Limit, ...]) -> list[Finding]:
    """The one for open files, and of the others the tightest."""
    files, *others = found
    return [_of_limit("open files", files), _of_limit("limits", min(others, key=Limit.nodes))]


def folders() -> list[Finding]:
    """Where runs are kept, and where runs of this user agree on their turns; neither is made here."""
    runs = Path("runs").absolute()
    return [
        _of_folder("runs", runs, "runs are kept there; --runs names another", remedies.RUNS, is_needed=True),
        _of_folder("turns", runtime_folder(FOLDER), "soaks and pytest take turns by it", remedies.TEMPORARY),
    ]


def _of_limit(name: str, limit: Limit) -> Finding:
    if math.isinf(limit.nodes()):
        return Finding(name, "yes", "no limit", is_needed=True)
    nodes, fact = limit.nodes(), f"{limit.most:,}, {limit.what}"
    if nodes < _TYPICAL + _BESIDE:
        needed = limit.needed(_TYPICAL + _BESIDE)
        return Finding(
            name, "no", fact, f"runs are refused: a small one needs {needed:,}", True, remedies.for_limit(limit.what)
        )
    return Finding(name, "yes", fact, f"enough for {nodes:,.0f} nodes at once", True)


def _of_folder(name: str, folder: Path, consequence: str, remedy: Remedy, *, is_needed: bool = False) -> Finding:
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"tried")
            file.flush()
        free = shutil.disk_usage(there).free
    except OSError as error:
        return Finding(name, "no", f"{folder}: {error.strerror}", consequence, is_needed, remedy)
    state: State = "yes" if free >= _LITTLE_BYTES else "partly"
    return Finding(name, state, f"{folder}, {room_text(free)} free", consequence, is_needed, remedy)


def _workers(here: Room) -> int:
    """Of one run at most."""
    return bisect_right(range(1, _MOST), here.shares, key=lambda workers: here.shares_of(_plan(workers)))


def _plan(workers: int) -> Plan:
    names = tuple(map(str, range(workers)))
    return Plan("", 0, names, ("client-1",), {}, {}, Workload((), LOOKUPS_PER_S, READS_PER_S))


def _room_text(here: Room) -> str:
    return f"{_count(here.cores, 'core')}, {room_text(here.memory_bytes)} of memory free"


def _count(number: float, noun: str) -> str:
    return f"{number:g} {noun}{'s' * (number != 1)}"
