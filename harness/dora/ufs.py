"""The under file system: where the files really are. Workers read it, and clients when no worker answers."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from harness.errors import InputError

_NO_SUCH_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP)
_MODIFIED = ("mtime", "LastModified", "last_modified", "updated", "created")


@dataclass(frozen=True, slots=True)
class Entry:
    """
    A file or folder. `url` is its full path; `place` the same without scheme, `below` as it stands below the root.

    `version` changes with the content: it is a digest of all that the file system says of it (size, times, inode, or
    an ETag), which is what fsspec's `ukey` is made of too.
    """

    url: str
    place: str
    below: str
    is_folder: bool
    size: int
    modified_s: float
    version: str

    @property
    def name(self) -> str:
        return self.place.rpartition("/")[2]


class Ufs:
    """
    Files below `root`, such as `file:///ufs`; read through fsspec. A path is a URL, or without its scheme.

    Every method that is given a path raises InputError for one that is not below the root, or is a link that leads
    out of it, FileNotFoundError where nothing is there, and OSError where the file system fails.
    """

    def __init__(self, root: str) -> None:
        self._fs, self._root = url_to_fs(root, use_listings_cache=False)
        self._scheme = root.partition("://")[0] if "://" in root else self._schemes[0]

    @property
    def root(self) -> str:
        """As a URL."""
        return f"{self._scheme}://{self._root}"

    def entry(self, path: str) -> Entry:
        """What is there, the root itself included; what is neither file nor folder counts as not there."""
        place = self._place(path)
        with _told_of(path):
            info = self._fs.info(place)
        if info["type"] not in ("file", "directory"):
            raise FileNotFoundError(f"{path}: no such file")
        return self._entry(info, place)

    def file(self, path: str) -> Entry:
        """As `entry`, for a file only."""
        found = self.entry(path)
        if found.is_folder:
            raise FileNotFoundError(f"{path}: no such file")
        return found

    def read(self, path: str) -> bytes:
        """All of a file."""
        place = self.file(path).place
        with _told_of(path):
            return bytes(self._fs.cat_file(place))

    def read_range(self, file: Entry, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end`; less where the file has become shorter."""
        with _told_of(file.url):
            return bytes(self._fs.cat_file(file.place, start=start, end=end))

    def entries(self, path: str) -> list[Entry]:
        """Those right below a folder, by name; a file is the only one of its own."""
        found = self.entry(path)
        if not found.is_folder:
            return [found]
        with _told_of(path):
            places = sorted(self._fs.ls(found.place, detail=False))
        return [entry for place in places if (entry := self._if_there(place))]

    def urls(self, path: str = "") -> Iterator[str]:
        """Of every file below a folder, found while it is asked for; linked folders are not followed."""
        found = self.entry(path or self.root)
        if not found.is_folder:
            yield found.url
        with _told_of(path):
            for folder, _, names in self._fs.walk(found.place) if found.is_folder else ():
                yield from (f"{self._scheme}://{folder.rstrip('/')}/{name}" for name in names)

    def _if_there(self, place: str) -> Entry | None:
        try:
            return self.entry(place)
        except (InputError, FileNotFoundError):
            return None

    def _entry(self, info: dict[str, Any], place: str) -> Entry:
        is_folder = info["type"] == "directory"
        below = place.removeprefix(self._root.rstrip("/")) or "/"
        version = sha256(str(sorted(info.items(), key=lambda item: item[0])).encode(errors="surrogatepass")).hexdigest()
        size = 0 if is_folder else int(info["size"] or 0)
        return Entry(f"{self._scheme}://{place}", place, below, is_folder, size, _modified_s(info), version)

    def _place(self, path: str) -> str:
        scheme, is_url, rest = path.rpartition("://")
        above = self._root.rstrip("/")
        if (is_url and scheme not in self._schemes) or (rest != self._root and not rest.startswith(f"{above}/")):
            raise InputError(f"{path!r} is not below {above}/")
        steps = unquote(rest).removeprefix(f"{above}/").split("/")
        if rest != self._root and ("\0" in path or any(step in ("", ".", "..") for step in steps)):
            raise InputError(f"{path!r} has an empty step, `.` or `..`; write the path in full")
        self._must_stay_inside(path, rest)
        return rest

    def _must_stay_inside(self, path: str, place: str) -> None:
        if isinstance(self._fs, LocalFileSystem):
            real, real_root = os.path.realpath(place), os.path.realpath(self._root)
            if os.path.commonpath((real, real_root)) != real_root:
                raise InputError(f"{path!r} is a link that leads out of {self._root}")

    @property
    def _schemes(self) -> tuple[str, ...]:
        protocol = self._fs.protocol
        return (protocol,) if isinstance(protocol, str) else tuple(protocol)


@contextmanager
def _told_of(path: str) -> Iterator[None]:
    """All the ways in which nothing is there are one, and so are those in which other file systems fail."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError) or error.errno in _NO_SUCH_FILE:
            raise FileNotFoundError(f"{path}: no such file") from error
        raise
    except Exception as error:
        raise OSError(f"{path}: {type(error).__name__}: {error}") from error


def _modified_s(info: dict[str, Any]) -> float:
    """Seconds since 1970; 0 where the file system does not tell."""
    told = next((info[name] for name in _MODIFIED if info.get(name)), 0)
    return float(told.timestamp() if hasattr(told, "timestamp") else told)
