"""The under file system: where the files really are. Workers read it, and clients when no worker answers."""

from urllib.parse import unquote

from fsspec.core import url_to_fs

from harness.errors import InputError


class Ufs:
    """Files below `root`, such as `file:///ufs`; read through fsspec."""

    def __init__(self, root: str) -> None:
        self._fs, self._root = url_to_fs(root)

    def read(self, path: str) -> bytes:
        """
        All of a file. `path` is a URL, or without its scheme.

        Raises InputError for a path that is not below the root, FileNotFoundError for a file that is not there.
        """
        place = self._place(path)
        try:
            return bytes(self._fs.cat_file(place))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise FileNotFoundError(f"{path}: no such file") from error

    def _place(self, path: str) -> str:
        scheme, is_url, rest = path.rpartition("://")
        below = self._root.rstrip("/") + "/"
        steps = unquote(rest).removeprefix(below).split("/")
        if (is_url and scheme not in self._schemes) or not rest.startswith(below):
            raise InputError(f"{path!r} is not below {below}")
        if "\0" in path or any(step in ("", ".", "..") for step in steps):
            raise InputError(f"{path!r} has an empty step, `.` or `..`; write the path in full")
        return rest

    @property
    def _schemes(self) -> tuple[str, ...]:
        protocol = self._fs.protocol
        return (protocol,) if isinstance(protocol, str) else tuple(protocol)
