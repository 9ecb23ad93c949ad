"""How etcd can be run here: in containers of an engine, of which nothing is asked but its version, and as a process."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from contextlib import closing
from pathlib import Path

from harness.cluster.etcd_container import NoContainerError, check_engine, check_program, engine_url
from harness.cluster.etcd_server import find_binary, packaged_program, version_of
from harness.doctor import remedies
from harness.doctor.finding import Finding
from harness.errors import ClusterError

_ANSWER_S = 5.0
_CTL_VERSION = re.compile(r"^etcdctl version: (\S+)", re.MULTILINE)


def docker() -> list[Finding]:
    """Nothing is started, and no image is made."""
    if sys.platform != "linux":
        return [Finding("docker", "no", "not tried: runs need Linux")]
    otherwise = "etcd runs as a process"
    try:
        url = engine_url()
        check_engine(url)
        from harness.cluster.engine import Engine  # imported late: an engine is there

        with closing(Engine(url, _ANSWER_S)) as engine:
            version = engine.version()
        binary = find_binary(None)
        check_program(binary, binary.read_bytes())
    except (ClusterError, OSError) as error:
        is_for_root = os.geteuid() != 0
        otherwise += "; containers are for root alone" if is_for_root else ""
        lacks = isinstance(error, NoContainerError) and str(error).startswith("no engine at ")
        return [
            Finding("docker", "no", str(error), otherwise, remedy=remedies.ENGINE if lacks and not is_for_root else {})
        ]
    fact = f"engine {version} at {url.removeprefix('unix://')}"
    return [Finding("docker", "yes", fact, "etcd runs in containers, with --etcd process as a process")]


def programs() -> list[Finding]:
    return [_etcd(), _etcdctl()]


def _etcd() -> Finding:
    """Of those there are the first is the one that runs take; it may be the other that works."""
    told, works = list[str](), list[Path]()
    for path, label in _found("etcd"):
        try:
            told.append(f"{version_of(path)} ({label})")
            works.append(path)
        except ClusterError as error:
            told.append(str(error))
    fact = ", ".join(told) or "none, neither packaged nor on PATH"
    if not works:
        return Finding("etcd", "no", fact, "runs are refused", True, remedies.ETCD)
    if works[0] != _found("etcd")[0][0]:
        named = f"--set cluster.etcd.binary={works[0]}"
        return Finding("etcd", "partly", fact, f"runs need {named}", True, remedies.ETCD)
    return Finding("etcd", "yes", fact, is_needed=True)


def _etcdctl() -> Finding:
    for path, label in _found("etcdctl"):
        try:
            done = subprocess.run([path, "version"], capture_output=True, text=True, timeout=_ANSWER_S, check=True)
        except (OSError, subprocess.SubprocessError):
            continue
        version = _CTL_VERSION.search(done.stdout)
        if version:
            return Finding("etcdctl", "yes", f"{version[1]} ({label})", "to look into etcd by hand")
    return Finding("etcdctl", "no", "none that runs", "runs do not need it", remedy=remedies.ETCD)


def _found(name: str) -> list[tuple[Path, str]]:
    """The packaged one, and another on PATH; the package's own script there is Python and starts the former."""
    packaged, on_path = packaged_program(name), shutil.which(name)
    found = [(packaged, "packaged")] if packaged else []
    if on_path and Path(on_path).parent != Path(sysconfig.get_path("scripts")):
        found.append((Path(on_path).absolute(), on_path))
    return found
