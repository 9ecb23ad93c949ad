"""
Each lookup and read together with the view it was made with.

A client's view may be recorded after the lookup that used it, so what comes too early waits for its view. A revision
that the client has left behind without its view being recorded will not come any more: those are unexamined. A guest
has no views with revisions, so none of its ops is shown.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from harness.checks.contents import Content, Contents
from harness.checks.fold import Fold
from harness.core.history import Op

_WAITING_MAX = 10_000


Listener = Callable[[Op, tuple[Content, ...]], None]
"""Is told an op and the contents that its client showed at that revision: one, or else something is wrong."""


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
        self.listeners: list[Listener] = []
        self.examined = 0
        """How many were told to the listeners."""

    def on_view(self, op: Op) -> None:
        client = self._client(op.actor)
        revision, content = op.value["revision"], self._contents.of(op.value)
        shown = client.views.get(revision, ())
        client.views[revision] = shown if content in shown else (*shown, content)
        client.newest = max(client.newest, revision)
        for early in client.waiting.pop(revision, ()):
            self._tell(early, client.views[revision])
        for older in [waited for waited in client.waiting if waited < client.newest]:
            self._left_behind += len(client.waiting.pop(older))

    @property
    def unexamined(self) -> int:
        """How many had no recorded view; those still waiting included, so ask after the last op."""
        return self._left_behind + sum(len(ops) for client in self._clients.values() for ops in client.waiting.values())

    def on_lookup_ok(self, op: Op) -> None:
        if op.actor in self._guests:
            return
        client, revision = self._client(op.actor), op.value["revision"]
        views = client.views.get(revision)
        if views:
            self._tell(op, views)
        elif revision is None or revision < client.newest:
            self._left_behind += 1
        else:
            waiting = client.waiting.setdefault(revision, [])
            if len(waiting) < _WAITING_MAX:
                waiting.append(op)
            else:
                self._left_behind += 1

    on_read_ok = on_lookup_ok

    def _tell(self, op: Op, views: tuple[Content, ...]) -> None:
        self.examined += 1
        for listener in self.listeners:
            listener(op, views)

    def _client(self, name: str) -> _Client:
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = _Client()
        return client
