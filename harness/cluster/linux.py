"""The Linux calls that Python 3.11 lacks. Each raises OSError, named after the call, when the kernel refuses."""

import ctypes
import os
import resource
import signal
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_BIND, MS_REC, MS_PRIVATE = 1, 4096, 16384, 1 << 18
MNT_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_START_TIME = 22  # the field of proc_pid_stat(5), the first one after the name being the third
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    _check("unshare", _libc.unshare(flags))


def enter(fd: int, kind: int) -> None:
    """Move this process into the namespace that `fd` is open on; of a pid namespace, its children alone."""
    _check("setns", _libc.setns(fd, kind))


def enter_network(fd: int) -> None:
    """Move the calling thread into the network namespace that `fd` is open on."""
    _check("setns", _libc.setns(fd, CLONE_NEWNET))


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    texts = (source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), options.encode() or None)
    _check(f"mount {kind or 'bind'} on {target}", _libc.mount(*texts))


def pivot_root(new_root: str, put_old: str) -> None:
    number = _SYS_PIVOT_ROOT[os.uname().machine]
    _check("pivot_root", _libc.syscall(number, new_root.encode(), put_old.encode()))


def detach(target: str) -> None:
    """Unmount `target` and all below it, lazily."""
    _check(f"umount {target}", _libc.umount2(target.encode(), MNT_DETACH))


def die_with_parent() -> None:
    """SIGKILL for this process when the *thread* that started it ends (prctl(2), PR_SET_PDEATHSIG)."""
    _check("prctl", _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


def outlive_parent() -> None:
    """Undo `die_with_parent`."""
    _check("prctl", _libc.prctl(_PR_SET_PDEATHSIG, 0, 0, 0, 0))


def stay_visible() -> None:
    """Let this user read /proc of this process again; entering a user namespace had taken that away."""
    _check("prctl", _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0))


def raise_file_limit() -> None:
    """As many open files for this process as it may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def identity_of(pid: int) -> str:
    """Names a process for as long as the machine runs, as its pid alone does not; empty when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    after_name = stat.rpartition(")")[2].split()
    return f"{pid} {after_name[_START_TIME - 3]}"


def _check(what: str, result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
