"""
What a start is held against, as a program: KIND COUNT FOLDER, where KIND is

  floor   only what nobody can do without: a sandbox with a routed namespace per node, an etcd, and so many forks of one
          process that has imported what a worker imports; each takes a lease and puts one key
  rival   in the same sandbox the real worker, each a program of its own that is executed

It prints the moment, in seconds of the machine's monotonic clock, at which the last key was seen, and ends.
"""

import importlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from harness.cluster.etcd_server import arguments, find_binary
from harness.cluster.process import fork_into
from harness.cluster.sandbox import HOME, enter
from harness.core.membership import alive_prefix
from harness.core.plan import Etcd as EtcdPlan

_ETCD, _WATCHER = "etcd-1", "harness"
_ENDPOINT = f"http://{_ETCD}:2379"
_PREFIX = alive_prefix("DefaultAlluxioCluster")
_RECORD_BYTES = 300
_LOOK_EVERY_S = 0.002
_PRELOAD = ("harness.dora.worker", "harness.dora.client", "harness.observer", "harness.workload")


def main(words: list[str]) -> int:
    kind, count, folder = words[0], int(words[1]), Path(words[2])
    return enter(lambda: _inside(kind, count, folder))


def _inside(kind: str, count: int, folder: Path) -> int:
    """The namespaces are made while what forks imports, on the other core."""
    asks, told = os.pipe()
    forker = _fork(lambda: _forker(kind, count, folder, asks, told))
    from harness.cluster.fabric import Fabric

    fabric, names = Fabric(), [_ETCD, _WATCHER, *(f"worker-{number}" for number in range(1, count + 1))]
    fabric.add(names)
    Path(HOME, "hosts").write_text(fabric.hosts())
    etcd = (str(find_binary(None)), *arguments(EtcdPlan((_ETCD,)), _ETCD))
    fork_into(fabric[_ETCD].network, folder / "etcd.log", set(), lambda: _become(folder, etcd))
    os.write(told, ",".join(str(fabric[name].network) for name in names[1:]).encode())
    os.close(told)
    os.waitpid(forker, 0)
    print((folder / "seen").read_text())
    return 0


def _forker(kind: str, count: int, folder: Path, asks: int, told: int) -> None:
    os.close(told)
    for module in _PRELOAD:
        importlib.import_module(module)
    said = b""
    while part := os.read(asks, 1 << 16):
        said += part
    places = [os.open(f"/proc/{os.getppid()}/fd/{fd}", os.O_RDONLY) for fd in map(int, said.split(b","))]
    ready, is_ready = os.pipe()
    watcher = fork_into(places[0], folder / "watcher.log", {is_ready}, lambda: _watch(count, folder, is_ready))
    os.read(ready, 1)
    for number, place in enumerate(places[1:], 1):
        part = _registers(number) if kind == "floor" else _executed(number, folder)
        fork_into(place, folder / "workers.log", set(), part)
    os.waitpid(watcher, 0)


def _watch(count: int, folder: Path, is_ready: int) -> int:
    """Tells that etcd answers, then when the last key was there."""
    from harness.errors import EtcdError
    from harness.etcd import Etcd

    etcd, is_told = Etcd([_ENDPOINT], 1.0), False
    while True:
        try:
            _, (found,) = etcd.changes([_PREFIX], since=1 << 40)
        except EtcdError:
            continue
        if not is_told:
            os.write(is_ready, b"1")
            is_told = True
        if found.total == count:
            (folder / "seen").write_text(str(time.monotonic()))
            return 0
        signal.sigtimedwait([], _LOOK_EVERY_S)


def _registers(number: int) -> Callable[[], int]:
    def part() -> int:
        from harness.etcd import Etcd, put

        etcd = Etcd([_ENDPOINT], 10.0)
        lease, _ = etcd.grant(60)
        etcd.transaction([], [put(f"{_PREFIX}{number}", b"x" * _RECORD_BYTES, lease)])
        signal.pause()
        return 0

    return part


def _executed(number: int, folder: Path) -> Callable[[], int]:
    given = {
        "alluxio.etcd.endpoints": _ENDPOINT,
        "alluxio.worker.hostname": f"worker-{number}",
        "alluxio.worker.identity.uuid.file.path": f"{HOME}/identity-{number}",
        "alluxio.worker.failure.detection.timeout": "60s",
        "alluxio.dora.client.ufs.root": f"file://{HOME}",
    }
    words = [word for key, value in given.items() for word in ("-D", f"{key}={value}")]
    run = "import sys; from harness.dora.cli import main; sys.exit(main())"
    return lambda: _become(folder, (sys.executable, "-c", run, "worker", *words))


def _become(folder: Path, program: tuple[str, ...]) -> int:
    os.chdir(folder)
    os.execv(program[0], program)


def _fork(part: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        part()
    finally:
        os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
