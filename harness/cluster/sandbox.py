"""
Namespaces of its own for every run: whatever happens, the kernel cleans up.

The command starts a launcher, which leaves the machine's namespaces behind and forks the supervisor as PID 1 of a new
PID namespace. Everything of the run descends from the supervisor, so its end is the end of all, and it ends with the
command: by the parent-death signal, and on EOF of the socket that only the command holds (a parent that
died before the signal was asked for goes unseen, for `getppid` is 0 in a new PID namespace).
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from harness.cluster import linux

HOME = "/.harness"
UFS = "/ufs"
HARNESS_PLACE = "harness"
"""Where the harness' own programs are, in the network: no fault touches it."""
_NAMESPACES = linux.CLONE_NEWPID | linux.CLONE_NEWNS | linux.CLONE_NEWNET
_NEW_ROOT = "/proc"
"""Where the new root is put together; hidden from then on, and always there."""


def leave_the_machine() -> None:
    """Unshare pid, mount and network namespaces, as root or as a user. Raises OSError saying what was tried."""
    tried = []
    for kind, flags in _attempts():
        try:
            uid, gid = os.getuid(), os.getgid()
            linux.unshare(flags)
            linux.stay_visible()
            if flags & linux.CLONE_NEWUSER:
                _map_to_root(uid, gid)
        except OSError as error:
            tried.append(f"{kind}: {error.strerror}")
        else:
            return
    raise OSError(f"the kernel refuses namespaces ({'; '.join(tried)})")


def build_root() -> None:
    """
    A root folder of our own: the machine's, plus `/ufs`, `/.harness` (both in memory) and a /proc of this namespace.

    Called as PID 1 of the new PID namespace. Raises OSError.
    """
    linux.mount("", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("tmpfs", _NEW_ROOT, "tmpfs", options="mode=755")
    for entry in sorted(os.scandir("/"), key=lambda entry: entry.name):
        if entry.name != "proc":
            _repeat(entry, f"{_NEW_ROOT}/{entry.name}")
    for folder in ("proc", HOME.strip("/"), UFS.strip("/"), ".old"):
        os.makedirs(f"{_NEW_ROOT}/{folder}", exist_ok=True)
    linux.mount("proc", f"{_NEW_ROOT}/proc", "proc")
    Path(f"{_NEW_ROOT}{HOME}/hosts").write_text("127.0.0.1 localhost\n")
    linux.mount(f"{_NEW_ROOT}{HOME}/hosts", f"{_NEW_ROOT}/etc/hosts", flags=linux.MS_BIND)
    here = Path.cwd()
    linux.pivot_root(_NEW_ROOT, f"{_NEW_ROOT}/.old")
    os.chdir("/")
    linux.detach("/.old")
    os.rmdir("/.old")
    os.chdir(here)


def _attempts() -> list[tuple[str, int]]:
    user = ("in a user namespace", _NAMESPACES | linux.CLONE_NEWUSER)
    return [("as root", _NAMESPACES), user] if os.getuid() == 0 else [user]


def _map_to_root(uid: int, gid: int) -> None:
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def _repeat(entry: os.DirEntry[str], target: str) -> None:
    if entry.is_symlink():
        os.symlink(os.readlink(entry.path), target)
    elif entry.path in (HOME, UFS):
        return
    elif stat.S_ISDIR(entry.stat().st_mode):
        os.mkdir(target)
        linux.mount(entry.path, target, flags=linux.MS_BIND | linux.MS_REC)
    else:
        Path(target).touch()
        linux.mount(entry.path, target, flags=linux.MS_BIND)


def enter(run_inside: Callable[[], int]) -> int:
    """Run `run_inside` as PID 1 of a sandbox; its exit code."""
    leave_the_machine()
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status)
    linux.die_with_parent()
    build_root()
    return run_inside()
