"""A file or folder as Alluxio's workers describe it in JSON."""

from typing import Any

from harness.dora.ufs import Entry

_UNITS = ("B", "KB", "MB", "GB", "TB")


def listed(entry: Entry) -> dict[str, Any]:
    return {
        "mType": "directory" if entry.is_folder else "file",
        "mName": entry.name,
        "mPath": entry.below,
        "mUfsPath": entry.url,
        "mLastModificationTimeMs": round(entry.modified_s * 1000),
        "mHumanReadableFileSize": human(entry.size),
        "mLength": entry.size,
    }


def human(size: int) -> str:
    """`75.72KB`: two decimals above a kilobyte, binary units."""
    number, unit = float(size), 0
    while number >= 1024 and unit < len(_UNITS) - 1:
        number, unit = number / 1024, unit + 1
    return f"{number:.2f}{_UNITS[unit]}" if unit else f"{size}B"
