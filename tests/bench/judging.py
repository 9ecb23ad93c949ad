"""
How fast and in how much memory a stored run is judged, where nothing goes wrong and every invariant looks on: three
workers and two clients, each sampled ten times a second, 100 lookups and 10 reads a second.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import chain, islice
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.core.history import Op
from harness.core.plan import Plan, Workload
from tests.bench.frame import Row
from tests.checks import telling
from tests.checks.telling import PLAN, WORKERS

_LENGTHS = (100_000, 1_000_000)
_KEYS = tuple(f"file:///ufs/key-{number:05}" for number in range(500))
_STEPS = (
    telling.step("restart", "worker-1", down_for=1.0, signal="TERM"),
    telling.step("kill", "worker-2", for_s=20.0),
    telling.step("pause", "worker-3", for_s=0.5),
    telling.step("kill", "etcd-1", for_s=20.0),
    telling.step("corrupt"),
    telling.step("decommission", "worker-3", stop="none"),
)
_REVISION = 4
_JUDGE = """
import json, resource, sys, time
from pathlib import Path
from harness.run import check
began_s = time.process_time()
check(Path(sys.argv[1]))
print(json.dumps([time.process_time() - began_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
_READ = """
import json, sys, time
began_s = time.process_time()
with open(sys.argv[1], "rb") as lines:
    for line in lines:
        json.loads(line)
print(json.dumps(time.process_time() - began_s))
"""


def rows() -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        runs = [_stored(Path(folder) / str(length), length) for length in _LENGTHS]
        (_, short_mib), (judged_s, long_mib) = (_told(_JUDGE, run) for run in runs)
        read_s = _told(_READ, runs[-1] / "history.jsonl")
    yield Row("ops judged a second of CPU time", _LENGTHS[-1] / judged_s, "ops/s", at_least=500_000)
    yield Row("judging a million ops", judged_s, "s CPU", "json.loads of each line, no more", read_s)
    yield Row("peak memory, a million ops", long_mib, "MiB", "100,000 ops", short_mib, at_most=1.2)


def _stored(folder: Path, length: int) -> Path:
    folder.mkdir()
    (folder / "plan.json").write_text(plan().to_json(), encoding="utf-8")
    with (folder / "history.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(f"{op.line()}\n" for op in islice(history(), length))
    return folder


def _told(program: str, path: Path) -> tuple[float, float] | float:
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, check=True)
    return json.loads(done.stdout)


def plan() -> Plan:
    return telling.planned(*_STEPS, workload=Workload(_KEYS, 100.0, 10.0))


def history() -> Iterator[Op]:
    """In time order, without an end."""
    yield from sorted(_beginning(), key=attrgetter("time_ns"))
    for second in range(1, sys.maxsize):
        yield from sorted(_second(second), key=attrgetter("time_ns"))


def _beginning() -> Iterator[Op]:
    nodes = (*WORKERS, *PLAN.clients)
    yield from (telling.phase(-3, "start", "invoke"), telling.snapshot(-2, 1), telling.run_begins())
    for number, name in enumerate(WORKERS):
        yield telling.granted(-1.2, name, 11 + number)
        yield from telling.joined(-1 + 0.1 * number, name, 2 + number, 11 + number)
        yield telling.registered(-0.6, name, 11 + number, 2 + number)
    for name in nodes:
        yield from (telling.started(-1.5, name, 1), telling.viewed(-0.5, name, _REVISION))


def _second(second: int) -> Iterator[Op]:
    yield from chain.from_iterable(telling.samples(second, second + 0.9, name, _REVISION) for name in PLAN.names[:-1])
    yield from telling.reached(second + 0.05, second + 0.95, _REVISION)
    yield from (telling.kept(second + 0.3, name, 11 + number) for number, name in enumerate(WORKERS))
    for number in range(100):
        at_s, key = second + number / 100, _KEYS[(second * 100 + number) * 7 % len(_KEYS)]
        client, owner = PLAN.clients[number % 2], _owner(key)
        done = telling.looked_up(at_s + 0.003, key, owner, _REVISION, client)
        yield from (telling.asked_for(at_s, done), done)
        if number % 10 == 0:
            done = telling.read(at_s + 0.006, key, owner, _REVISION, client=client)
            yield from (telling.asked_for(at_s + 0.001, done), done)


_owner = cache(telling.owner_of)
