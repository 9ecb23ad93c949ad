"""A stream that outlasts whoever reads it: a terminal that is closed, or a disk that is full, ends no run."""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, cast


def lasting(stream: IO[str]) -> IO[str]:
    """The stream, but once it can't be written what is told goes nowhere. Raises BrokenPipeError as it does."""
    return cast(IO[str], _Lasting(stream))


class _Lasting:
    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        return self._anyway(self._stream.write, text) or len(text)

    def flush(self) -> None:
        self._anyway(self._stream.flush)

    def _anyway(self, do: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return do(*arguments)
        except BrokenPipeError:
            raise
        except OSError:
            self._to_nowhere()

    def _to_nowhere(self) -> None:
        """What is buffered too, or Python would fail at its end."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        with suppress(OSError):  # it has no descriptor
            os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
