"""What a view holds, apart from who saw it and at which revision; kept once however often it is seen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.core.few import few
from harness.core.history import Op

_DIFFERENCES_TOLD = 4


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """
    `members` are the identities on the ring, in etcd's order, and `on_ring` is their set, of which equal ones are one
    object too. Compare by `is`: equal contents are one object.
    """

    online: Mapping[str, str]
    offline: Mapping[str, str]
    rejected: frozenset[str]
    members: tuple[str, ...]
    on_ring: frozenset[str]


@dataclass(frozen=True, slots=True)
class Seen:
    """One `view` op."""

    op: Op
    revision: int
    content: Content


class Contents:
    """Every content there was; the ring is of the online members when it is dynamic, else of all registered ones."""

    def __init__(self, is_dynamic: bool) -> None:
        self._is_dynamic = is_dynamic
        self._known: dict[tuple[object, ...], Content] = {}
        self._rings: dict[frozenset[str], frozenset[str]] = {}
        self._last: tuple[Mapping[str, Any] | None, Content | None] = None, None

    def of(self, view: Mapping[str, Any]) -> Content:
        """The content of a view in the shape of a `view` op's value; several folds ask for the same one in turn."""
        asked, content = self._last
        if content is None or asked is not view:
            content = self._of(view)
            self._last = view, content
        return content

    def _of(self, view: Mapping[str, Any]) -> Content:
        online, offline, rejected = view["online"], view["offline"], frozenset(view["rejected"])
        key = (tuple(sorted(online.items())), tuple(sorted(offline.items())), rejected)
        if key not in self._known:
            on_ring = frozenset(online if self._is_dynamic else (*online, *offline))
            members = tuple(sorted(on_ring, key=str.encode))
            self._known[key] = Content(online, offline, rejected, members, self._rings.setdefault(on_ring, on_ring))
        return self._known[key]


def differences(one: Content, other: Content, who: Callable[[str], str]) -> tuple[str, str]:
    """What each has where they differ, as two phrases such as `worker-2 online at 10.0.0.3:28080`."""
    states, others = _states(one, who), _states(other, who)
    names = [name for name in sorted({*states, *others}) if states.get(name) != others.get(name)]
    first, second = (
        few((f"{name} {of.get(name, 'not at all')}" for name in names), _DIFFERENCES_TOLD, at_last=", ")
        for of in (states, others)
    )
    return first, second


def changes(before: Content, after: Content, who: Callable[[str], str]) -> frozenset[str]:
    """What became true and what no longer is, as phrases such as `worker-2 no longer online at 10.0.0.3:28080`."""
    one, other = set(_states(before, who).items()), set(_states(after, who).items())
    begun = (f"{name} {state}" for name, state in other - one)
    ended = (f"{name} no longer {state}" for name, state in one - other)
    return frozenset((*begun, *ended))


def _states(content: Content, who: Callable[[str], str]) -> dict[str, str]:
    states = {who(id): f"online at {address}" for id, address in content.online.items()}
    states |= {who(id): f"offline at {address}" for id, address in content.offline.items()}
    return states | dict.fromkeys(content.rejected, "rejected")
