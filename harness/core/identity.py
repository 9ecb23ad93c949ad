"""
Who a worker is, whatever host it runs on: its identity, as text and as the file that keeps it across restarts.

Both forms are Alluxio's, its leniency in reading them included: a uuid may lack leading zeros, a number may have them.
"""

import re
from dataclasses import dataclass
from functools import total_ordering
from uuid import UUID

from harness.errors import EntityError

LONG, UUID_VERSION = 0, 1
_LENGTHS = {LONG: 8, UUID_VERSION: 16}
_PREFIX = "worker-"
_UUID_BITS = (32, 16, 16, 16, 48)
_UUID_TEXT = re.compile("-".join(["([0-9a-fA-F]+)"] * len(_UUID_BITS)))
_UUID_TEXT_MAX = 36
_LONG_TEXT = re.compile("[+-]?[0-9]{1,40}")


@total_ordering
@dataclass(frozen=True, slots=True)
class WorkerId:
    """
    An identity: version 1 is the 16 bytes of a uuid, version 0 the 8 bytes of an older signed number, both big-endian.

    Ordered as etcd orders keys that end in its text, so `worker-10` comes before `worker-9`.
    Raises EntityError for any other version or length.
    """

    version: int
    identifier: bytes

    def __post_init__(self) -> None:
        if _LENGTHS.get(self.version) != len(self.identifier):
            raise EntityError(
                f"an identity of version {self.version} and {len(self.identifier)} bytes; "
                "there are version 0 with 8 and version 1 with 16"
            )

    def __str__(self) -> str:
        if self.version == LONG:
            return f"{_PREFIX}{int.from_bytes(self.identifier, 'big', signed=True)}"
        digits = self.identifier.hex()
        return f"{_PREFIX}{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def __lt__(self, other: "WorkerId") -> bool:
        return str(self) < str(other)

    @classmethod
    def of_uuid(cls, uuid: UUID) -> "WorkerId":
        return cls(UUID_VERSION, uuid.bytes)

    @classmethod
    def parse(cls, text: str) -> "WorkerId":
        """Read `worker-<uuid>` or `worker-<number>`. Raises EntityError for anything else."""
        name = text.removeprefix(_PREFIX)
        if text.startswith(_PREFIX):
            if uuid := _uuid(name):
                return cls.of_uuid(uuid)
            if _LONG_TEXT.fullmatch(name) and -(1 << 63) <= int(name) < 1 << 63:
                return cls(LONG, int(name).to_bytes(8, "big", signed=True))
        raise EntityError(f"{text!r} is no worker identity; it is worker-<uuid> or worker-<number>")


def identity_lines(file_text: str) -> list[str]:
    """The lines of an identity file that are neither blank nor a comment; the first counts, more deserve a warning."""
    return [line for line in file_text.split("\n") if line.strip() and not line.startswith("#")]


def identity_in(file_text: str) -> WorkerId | None:
    """
    The identity that a file keeps, None when it has only comments and blank lines.

    As in Alluxio the line is not trimmed: blanks or a carriage return around the uuid raise EntityError, and so does
    anything else that is no uuid.
    """
    lines = identity_lines(file_text)
    if not lines:
        return None
    uuid = _uuid(lines[0])
    if uuid is None:
        raise EntityError(f"{lines[0]!r} is no uuid; an identity file holds one, with nothing else on its line")
    return WorkerId.of_uuid(uuid)


def identity_file(uuid: UUID, date: str) -> str:
    """The text of an identity file; `date` is now in the form of RFC 1123, such as `Sat, 21 Nov 2026 10:44:00 GMT`."""
    return f"# Worker identity automatically generated at {date}\n{uuid}\n"


def _uuid(text: str) -> UUID | None:
    found = _UUID_TEXT.fullmatch(text)
    if not found or len(text) > _UUID_TEXT_MAX:
        return None
    value = 0
    for part, bits in zip(found.groups(), _UUID_BITS, strict=True):
        value = value << bits | int(part, 16) & ((1 << bits) - 1)
    return UUID(int=value)
