"""etcd in a container: where that can be, and of which image. Nothing is pulled: the default is made on the spot."""

import fcntl
import hashlib
import os
import socket
import struct
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.cluster.etcd_server import arguments, find_binary, version_in, version_of
from harness.cluster.linux import identity_of
from harness.cluster.spec import Spec
from harness.core.plan import Etcd
from harness.errors import ClusterError

if TYPE_CHECKING:
    from harness.cluster.engine import Engine

_USUAL_ENGINE = "unix:///var/run/docker.sock"
_VERSION = "harness.etcd.version"
_ANSWER_S = 5.0
_PT_INTERP = 3


class NoContainerError(ClusterError):
    """etcd can't run in a container here; the message says why not."""


class DockerRuntime:
    """etcd in containers of this machine's engine. Raises NoContainerError."""

    name: Literal["docker", "process"] = "docker"
    why = ""

    def __init__(self, etcd: Etcd) -> None:
        self._etcd, self.engine = etcd, engine_url()
        check_engine(self.engine)
        from harness.cluster.engine import Engine  # imported late: an engine is there

        try:
            with closing(Engine(self.engine, _ANSWER_S)) as engine:
                self._image, self.version = _given(engine, etcd.image) if etcd.image else _made(engine, etcd.binary)
        except ClusterError as error:
            raise NoContainerError(str(error)) from error
        self.told = f"etcd {self.version} runs in containers of the engine at {self.engine.removeprefix('unix://')}"

    def spec(self, member: str, logs: Path) -> Spec:
        log = str(logs / f"{member}.log")
        return Spec(member, ("etcd", *arguments(self._etcd, member)), log, member, "etcd", image=self._image)


def engine_url() -> str:
    """Of this machine's engine; DOCKER_HOST may name another socket than the usual one."""
    return os.environ.get("DOCKER_HOST") or _USUAL_ENGINE


def is_static(program: bytes) -> bool:
    """Whether it runs where there is no library: a 64-bit ELF file without PT_INTERP among its headers (elf(5))."""
    if program[:5] != b"\x7fELF\x02":
        return False
    try:
        (offset,) = struct.unpack_from("<Q", program, 32)
        size, count = struct.unpack_from("<HH", program, 54)
        kinds = {struct.unpack_from("<I", program, offset + size * number)[0] for number in range(count)}
    except struct.error:
        return False
    return bool(kinds) and _PT_INTERP not in kinds


def check_engine(url: str) -> None:
    """
    An engine that is told of by a socket, and that numbers processes as this machine does.

    Raises NoContainerError.
    """
    kind, _, path = url.partition("://")
    if kind != "unix":
        raise NoContainerError(f"DOCKER_HOST is {url}, which is not a socket of this machine")
    if not Path(path).exists():
        raise NoContainerError(f"no engine at {path}")
    if os.geteuid() != 0:
        raise NoContainerError("only root can wire containers")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(_ANSWER_S)
        try:
            line.connect(path)
        except OSError as error:
            raise NoContainerError(f"no engine answers at {path}: {error.strerror or error}") from error
        pid = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))[0]
    if not _is_in_our_pid_namespace(pid):
        raise NoContainerError(f"the engine at {path} is in another PID namespace")


def check_program(binary: Path, content: bytes) -> None:
    """An image is made of this program alone. Raises NoContainerError where it would not run there."""
    if not is_static(content):
        raise NoContainerError(f"{binary} needs libraries or an interpreter, which an image made of it lacks")


def _is_in_our_pid_namespace(pid: int) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid") == os.readlink("/proc/self/ns/pid")
    except OSError:
        return False


def _given(engine: "Engine", image: str) -> tuple[str, str]:
    """An image of the user's, and the version that the etcd in it tells."""
    from harness.cluster.engine import COMMAND, RUN

    version = engine.image_label(image, _VERSION)
    if version is None:
        raise NoContainerError(f"cluster.etcd.image: there is no image {image} on this machine, and none is pulled")
    labels = {RUN: "", COMMAND: identity_of(os.getpid())}
    said = version or engine.output_of(image, ["etcd", "--version"], labels)
    return image, version or version_in(said, f"image {image}")


def _made(engine: "Engine", wanted: str | None) -> tuple[str, str]:
    """An image of the binary alone, and its version; made once, however many ask at once."""
    binary = find_binary(wanted)
    with binary.open("rb") as program:
        content = program.read()
        check_program(binary, content)
        image = f"harness-etcd:{hashlib.sha256(content).hexdigest()[:16]}"
        version = engine.image_label(image, _VERSION)
        if version:
            return image, version
        fcntl.flock(program, fcntl.LOCK_EX)  # until it is closed, or this process ends
        version = engine.image_label(image, _VERSION) or version_of(binary)
        if engine.image_label(image, _VERSION) is None:
            engine.import_program(image, content, {_VERSION: version})
        return image, version
