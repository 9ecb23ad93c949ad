"""
Each lookup and read together with the view it was made with.

A client's view may be recorded after the lookup that used it, so what comes too early waits for its view. A revision
that the client has left behind without its view being recorded will not come any more: those are unexamined. A guest
has no views with revisions, so none of its ops is shown.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from harness.checks.contents import Content, Contents
from harness.checks.fold import Fold
from harness.core.history import Op

_WAITING_MAX = 10_000


class Route(NamedTuple):
    """`views` are the contents that the client showed at that revision: one, or else something is wrong."""

    op: Op
    views: tuple[Content, ...]


@dataclass(eq=False)
class _Client:
    """Both by revision: the contents it showed, and the ops that came before any."""

    views: dict[int, tuple[Content, ...]] = field(default_factory=dict)
    waiting: dict[int, list[Op]] = field(default_factory=dict)
    newest: int = -1


class Routes(Fold):
    def __init__(self, contents: Contents, guests: Collection[str] = ()) -> None:
        self._contents, self._guests = contents, guests
        self._clients: dict[str, _Client] = {}
        self._left_behind = 0
        self.now: tuple[Route, ...] = ()
        """Those that the current `lookup`, `read` or `view` completes."""

    def on_lookup(self, op: Op) -> None:
        self._routed(op)

    def on_read(self, op: Op) -> None:
        self._routed(op)

    def on_view(self, op: Op) -> None:
        client = self._client(op.actor)
        revision, content = op.value["revision"], self._contents.of(op.value)
        shown = client.views.get(revision, ())
        client.views[revision] = shown if content in shown else (*shown, content)
        client.newest = max(client.newest, revision)
        self.now = tuple(Route(early, client.views[revision]) for early in client.waiting.pop(revision, ()))
        for older in [waited for waited in client.waiting if waited < client.newest]:
            self._left_behind += len(client.waiting.pop(older))

    @property
    def unexamined(self) -> int:
        """How many had no recorded view; those still waiting included, so ask after the last op."""
        return self._left_behind + sum(len(ops) for client in self._clients.values() for ops in client.waiting.values())

    def _routed(self, op: Op) -> None:
        self.now = ()
        if op.type != "ok" or op.actor in self._guests:
            return
        client, revision = self._client(op.actor), op.value["revision"]
        if revision in client.views:
            self.now = (Route(op, client.views[revision]),)
        elif revision is None or revision < client.newest:
            self._left_behind += 1
        else:
            waiting = client.waiting.setdefault(revision, [])
            if len(waiting) < _WAITING_MAX:
                waiting.append(op)
            else:
                self._left_behind += 1

    def _client(self, name: str) -> _Client:
        return self._clients.setdefault(name, _Client())
