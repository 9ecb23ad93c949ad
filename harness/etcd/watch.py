"""A part of etcd's log, followed over compaction, restarts and the loss of members."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Protocol

from harness.errors import EtcdError
from harness.etcd.door import rpc, translated
from harness.etcd.words import Event, KeyValue, end_of

OnEvents = Callable[[list[Event]], None]
OnReset = Callable[[int, list[KeyValue]], None]

_RETRY_S = 0.1
_LOOK_EVERY_S = 1.0


class Source(Protocol):
    """What a watch needs of `harness.etcd.Etcd`."""

    def linearizable_revision(self) -> int: ...
    def read(self, prefixes: tuple[str, ...]) -> tuple[int, list[list[KeyValue]]]: ...
    def open_stream(self, requests: Iterator[Any]) -> Any: ...


class Watch:
    """
    A followed part of etcd's log; see `Etcd.watch`.

    One etcd watch spans all prefixes, and what lies between them is dropped here: so the events of one revision come
    together, which two watches on one stream would not promise.

    A member that is paused, or has lost the others, keeps its streams open and says nothing. So the watch reads now and
    then on the channel that its stream is on: where that is not answered the channel is closed, and the stream with it.
    """

    def __init__(
        self, etcd: Source, prefixes: tuple[str, ...], from_revision: int, on_events: OnEvents, on_reset: OnReset
    ) -> None:
        self._etcd, self._prefixes, self._next = etcd, prefixes, from_revision
        self._on_events, self._on_reset = on_events, on_reset
        self._is_stopped = threading.Event()
        self._stream: Any = None
        self._thread = threading.Thread(target=self._run, name="etcd-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No callback runs after this."""
        self._is_stopped.set()
        if self._stream is not None:
            self._stream.cancel()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_stopped.is_set():
            with suppress(EtcdError):
                self._follow()
            self._is_stopped.wait(_RETRY_S)

    def _follow(self) -> None:
        """Until the stream is cancelled or fails."""
        if self._etcd.linearizable_revision() < self._next - 1:
            self._reset()
        has_ended = threading.Event()
        self._stream = self._etcd.open_stream(self._requests(has_ended))
        try:
            while not self._is_stopped.is_set() and self._take(self._answer()):
                pass
        finally:
            self._stream.cancel()
            has_ended.set()

    def _requests(self, has_ended: threading.Event) -> Iterator[Any]:
        """What the client says on the stream: one request; returning before the stream's end would end it."""
        span = {"key": min(self._prefixes).encode(), "range_end": max(map(end_of, self._prefixes))}
        yield rpc.WatchRequest(create_request=rpc.WatchCreateRequest(**span, start_revision=self._next))
        while not has_ended.wait(_LOOK_EVERY_S):
            with suppress(EtcdError):
                self._etcd.linearizable_revision()

    def _answer(self) -> Any:
        with translated():
            return next(self._stream)

    def _take(self, answer: Any) -> bool:
        """Deliver what the stream brought; false when the watch has to be made anew."""
        if answer.compact_revision:
            self._reset()
        elif answer.events:
            self._next = answer.events[-1].kv.mod_revision + 1
            events = [Event.of(event) for event in answer.events]
            mine = [event for event in events if event.kv.key.startswith(self._prefixes)]
            if mine:
                self._on_events(mine)
        return not (answer.canceled or answer.compact_revision)

    def _reset(self) -> None:
        revision, found = self._etcd.read(self._prefixes)
        self._on_reset(revision, [kv for kvs in found for kv in kvs])
        self._next = revision + 1
