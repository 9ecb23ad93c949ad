"""Folders of this user alone, beside those of others: where nobody else can put or change anything."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from harness.errors import ClusterError


def runtime_folder(name: str) -> Path:
    """
    In XDG_RUNTIME_DIR where that is this user's (`su` keeps that of another one), else in the folder for temporary
    files; not made yet.
    """
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    with suppress(OSError):
        if runtime.is_absolute() and runtime.stat().st_uid == os.getuid():
            return runtime / name
    return Path(tempfile.gettempdir(), f"{name}-{os.getuid()}")


def make_private(folder: Path, what_fails: str) -> None:
    """Raises ClusterError, which begins with `what_fails`, where it can't be made, or others could write to it."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise ClusterError(f"{what_fails}: {error}; XDG_RUNTIME_DIR, else TMPDIR, names another place") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ClusterError(
            f"{what_fails}: {folder} is no folder of yours alone; remove it, or set XDG_RUNTIME_DIR, else TMPDIR"
        )
