"""Where the files that come with the harness are: inside the installed package, or beside it in a checkout."""

from pathlib import Path
from typing import Literal

Kind = Literal["conf", "scenarios"]

_PACKAGE = Path(__file__).parent


def folder(kind: Kind) -> Path:
    installed = _PACKAGE / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def packaged(kind: Kind, name: str) -> Path | None:
    """The packaged file of that name (`fast.properties`, `partition.yaml`), None if there is none."""
    path = folder(kind) / name
    return path if path.is_file() else None


def scenarios() -> dict[str, Path]:
    """Every packaged scenario by its name."""
    return {path.stem: path for path in sorted(folder("scenarios").glob("*.yaml"))}
