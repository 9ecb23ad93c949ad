"""Who owns a key on the ring of a view, computed again from the view's members alone."""

from typing import TYPE_CHECKING

from harness.checks.contents import Content
from harness.core.identity import WorkerId
from harness.core.plan import Plan
from harness.core.properties import Properties

if TYPE_CHECKING:
    from harness.core.ring import Ring

_VNODES = "alluxio.user.worker.selection.policy.consistent.hash.virtual.node.count.per.worker"
_RINGS_KEPT = 16
REMEMBERED = 200_000
"""So many owners that clients named are kept, to be compared with later ones."""


class Owners:
    """The rings used last, and the owners asked for on each."""

    def __init__(self, plan: Plan) -> None:
        from harness.core.ring import Ring  # numpy comes with it, which only judging needs

        self._ring = Ring.build((), Properties(plan.properties).int(_VNODES))
        self._rings: dict[Content, tuple[Ring, dict[str, str]]] = {}

    def of(self, content: Content, key: str) -> str:
        """The identity of the owner. Raises LookupError where nobody is on the ring."""
        ring, owners = self._rings.get(content) or self._built(content)
        owner = owners.get(key)
        if owner is None:
            owner = owners[key] = str(ring.owner(key))
        return owner

    def _built(self, content: Content) -> "tuple[Ring, dict[str, str]]":
        """From the ring before it: mostly a member or two come or go."""
        self._ring = self._ring.changed(map(WorkerId.parse, content.members))
        if len(self._rings) >= _RINGS_KEPT:
            del self._rings[next(iter(self._rings))]
        built = self._rings[content] = self._ring, {}
        return built
