"""Commands about clusters that stay, as a user types them: in a folder, with a state folder, of their own."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil

from harness.cluster.wait import wait_until

_ROOT = Path(__file__).parents[2]
_USER = """
import os, sys
from pathlib import Path
from harness.cluster import linux
uid, gid = os.getuid(), os.getgid()
linux.unshare(linux.CLONE_NEWUSER)
Path("/proc/self/setgroups").write_text("deny")
Path("/proc/self/uid_map").write_text(f"1000 {uid} 1")
Path("/proc/self/gid_map").write_text(f"1000 {gid} 1")
print("ready", flush=True)
sys.stdin.read()
"""
_AS_USER = """
import os, sys
from harness.cluster import linux
linux.enter(os.open(f"/proc/{sys.argv[1]}/ns/user", os.O_RDONLY), linux.CLONE_NEWUSER)
os.execv(sys.argv[2], sys.argv[2:])
"""


@contextmanager
def somebody():
    """The first words of a command that is to be without capabilities; its files are those of who runs the tests."""
    user = subprocess.Popen(
        [sys.executable, "-c", _USER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT
    )
    with user:
        assert user.stdout.readline() == "ready\n"
        yield [sys.executable, "-c", _AS_USER, str(user.pid)]


GONE_S = 10.0


class Desk:
    """`prefix` are the first words of each command. `etcd` is how etcd runs."""

    def __init__(self, folder, runtime, prefix=(), etcd="process"):
        self.folder, self.runtime, self._etcd = folder, runtime, etcd
        self.prefix = prefix
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime), "PYTHONPATH": str(_ROOT)}
        self.environment.pop("HARNESS_NAME", None)

    def words(self, *words):
        return [*self.prefix, sys.executable, "-m", "harness", *words]

    def start(self, *words, **options):
        options = {"cwd": self.folder, "env": self.environment, "text": True, **options}
        streams = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE) | {"stdin": subprocess.DEVNULL}
        return subprocess.Popen(self.words(*words), **(streams | options))

    def __call__(self, *words, code=0, **options):
        """What it says on stdout; on stderr, where it is to fail."""
        process = self.start(*words, **options)
        out, told = process.communicate(timeout=120)
        assert process.returncode == code, (process.returncode, out, told)
        return told if code else out

    def up(self, name, *words):
        return json.loads(self("up", "--name", name, "--etcd", self._etcd, "--json", *words))

    def status(self, name):
        return json.loads(self("status", "--name", name, "--json"))

    def node(self, name, node):
        return next(row for row in self.status(name)["nodes"] if row["node"] == node)

    def until(self, what, probe, within_s=30):
        wait_until(what, probe, within_s)

    def processes(self):
        """All that runs and was started by these commands."""
        return {process.pid for process in psutil.process_iter() if self._is_ours(process)}

    def _is_ours(self, process):
        try:
            return process.environ().get("XDG_RUNTIME_DIR") == str(self.runtime)
        except psutil.Error:
            return False


def mounts():
    """Without the engine's own, which come and go with every container."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return {line.split(" ")[4] for line in lines if "/docker/" not in line}


def daemon_of(desk):
    """The one of ours whose parent is none of ours; others whose parent has just ended may look so for a moment."""
    ours = desk.processes()
    return min(pid for pid in ours if psutil.Process(pid).ppid() not in ours)
