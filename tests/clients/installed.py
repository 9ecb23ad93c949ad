"""An environment of its own for the package `alluxio`, whose etcd3 wants another protobuf than ours."""

import fcntl
import subprocess
import sys
from contextlib import contextmanager

PACKAGE = "alluxio==1.0.0"
_PATIENCE_S = 300


class NotInstalledError(Exception):
    """Its message is the end of what pip said."""


def interpreter_in(folder):
    """
    The Python of an environment in `folder` that has the package; made by the first who asks, others wait for it.

    Raises NotInstalledError, again for everybody who asks later.
    """
    environment, failure = folder / "alluxio", folder / "alluxio.failure"
    with _alone(folder / "alluxio.lock"):
        if not failure.exists():
            failure.write_text(_make(environment))
    if reason := failure.read_text():
        raise NotInstalledError(reason)
    return environment / "bin" / "python"


def _make(environment):
    """Why it could not be made; empty where it was."""
    fill = ["-m", "pip", "--python", str(environment / "bin" / "python"), "install", "-q", PACKAGE]
    if failure := _failure_of([sys.executable, "-m", "venv", "--without-pip", str(environment)]):
        return failure
    for pip_of in (sys.executable, "python3"):  # an environment may have no pip where the machine has one
        if not (failure := _failure_of([pip_of, *fill])):
            return ""
    return failure


def _failure_of(command):
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_PATIENCE_S)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    return said[-1] if done.returncode else ""


@contextmanager
def _alone(path):
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
