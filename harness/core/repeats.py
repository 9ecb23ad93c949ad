"""
Views in a history: what many nodes see alike is written once.

Of a `view` op that has a `digest` the content (`online`, `offline`, `rejected`) is left out where it was written with
that digest before, and not so many others since. Three hundred workers that start have one of three hundred views
each, several a second: all of it would be gigabytes for a thousand.
"""

from collections import deque
from typing import Any

from harness.core.history import Op
from harness.errors import InputError

_KEPT = 128


class ContentMissingError(InputError):
    """Some of the history is missing; `op` is the view whose content was not written before."""

    def __init__(self, op: Op) -> None:
        told = f"a view of {op.actor} has the digest {op.value['digest']}, and no content was written with that"
        super().__init__(told)
        self.op = op


class Written:
    """The writer's side: which digests a reader knows."""

    def __init__(self) -> None:
        self._digests = deque[str](maxlen=_KEPT)

    def knows(self, digest: str) -> bool:
        """Whether the content may be left out; if not it has to be written now, and is known from then on."""
        if digest in self._digests:
            return True
        self._digests.append(digest)
        return False


class Whole:
    """The reader's side, shown every op in the order in which they were written."""

    def __init__(self) -> None:
        self._contents = dict[str, dict[str, Any]]()

    def of(self, op: Op) -> Op:
        """
        The op with its content; any other than a repeated view is given back as it is.

        Raises ContentMissingError.
        """
        digest = op.value.get("digest") if op.f == "view" else None
        if digest is None:
            return op
        if "online" not in op.value:
            if digest not in self._contents:
                raise ContentMissingError(op)
            value = {**self._contents[digest], **op.value}
            return Op(op.time_ns, op.actor, op.type, op.f, value, op.error, op.id)
        self._contents[digest] = {key: op.value[key] for key in ("online", "offline", "rejected")}
        if len(self._contents) > _KEPT:
            del self._contents[next(iter(self._contents))]
        return op
