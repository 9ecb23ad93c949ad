"""The identity a worker starts with: given, kept in a file, or new and then kept. The rules are Alluxio's."""

import logging
import stat
from email.utils import formatdate
from pathlib import Path
from uuid import uuid4

from harness.core.identity import WorkerId, identity_file, identity_in, identity_lines
from harness.errors import InputError


def own_identity(given: str, file: Path, logger: logging.Logger) -> WorkerId:
    """
    `given` (a uuid as text) if not empty, else that of `file`, else a new one, which `file` then keeps.

    Raises InputError for a file that is there and can't be read, and for what is no uuid: a worker that can't tell who
    it is must not start as somebody else.
    """
    if given:
        return WorkerId.parse(f"worker-{given}")
    try:
        text = file.read_bytes().decode()
    except FileNotFoundError:
        return _made(file, logger)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Failed to read worker identity from identity file {file}: {error}") from error
    if len(identity_lines(text)) > 1:
        logger.warning("%s holds several identities; the first one counts", file)
    return identity_in(text) or _made(file, logger)


def _made(file: Path, logger: logging.Logger) -> WorkerId:
    """A new identity, kept in `file` if it can be created; read-only, for it must not change."""
    uuid = uuid4()
    worker = WorkerId.of_uuid(uuid)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x") as out:
            out.write(identity_file(uuid, formatdate(usegmt=True)))
        file.chmod(file.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    except OSError as error:
        logger.warning(
            "Failed to persist automatically generated worker identity (%s) in %s: %s; "
            "this worker will lose its identity after restart",
            worker, file, error,
        )  # fmt: skip
    return worker
