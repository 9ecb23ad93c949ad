"""Why nobody can judge a run, in one sentence: what its history proves of that, and no guess."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import shorten

from harness.checks.bounds import NEVER, SECOND, SILENCE_S, Bounds
from harness.checks.fold import Fold
from harness.checks.verdict import Verdict
from harness.core.history import Op
from harness.core.plan import Plan

_FIRST = ("enough-evidence", "faults-are-proven", "nothing-unplanned")
"""Where these are unknown others often are for that very reason."""
_CHARACTERS, _USUAL_TIMES = 200, 3


@dataclass
class _Node:
    """When it first and last answered, how often, when a signal or start was its last, and its longest silence."""

    first_ns: int = NEVER
    last_ns: int = NEVER
    answers: int = 0
    touched_ns: int = 0
    silent_ns: int = 0

    def is_starved(self, least_ns: int) -> bool:
        """Where there are many nodes each is asked less often."""
        usual_ns = (self.last_ns - self.first_ns) / max(self.answers - 1, 1)
        return self.silent_ns > max(least_ns, _USUAL_TIMES * usual_ns)


class Starvation(Fold):
    """
    Whether the machine let all run. When the observer did not run bounds know; a node was silent where it answered
    late, or was not seen answering, and no signal and no start came between. Clients of somebody else and nodes that
    are broken on purpose may be silent for reasons of their own.
    """

    def __init__(self, plan: Plan, bounds: Bounds) -> None:
        self._bounds = bounds
        self._least_s = SILENCE_S * plan.time_scale
        self._others = {*plan.guests, *plan.broken}
        self._nodes: dict[str, _Node] = {}

    def on_start(self, op: Op) -> None:
        self._nodes.setdefault(op.actor, _Node()).touched_ns = op.time_ns

    on_signal = on_start

    def on_sample_ok(self, op: Op) -> None:
        if op.actor in self._others:
            return
        node, sent_ns = self._nodes.setdefault(op.actor, _Node()), op.value["sent_ns"]
        last_ns = min(node.last_ns, sent_ns)
        if last_ns > node.touched_ns:
            node.silent_ns = max(node.silent_ns, sent_ns - last_ns, op.time_ns - sent_ns)
        node.first_ns, node.last_ns, node.answers = min(node.first_ns, op.time_ns), op.time_ns, node.answers + 1

    def told(self) -> Iterator[str]:
        """`the observer did not run for 1.45 s`, `5 of 6 nodes ...`; nothing where it ran, and most nodes answered."""
        if self._bounds.longest_gap_s > self._least_s:
            yield f"the observer did not run for {self._bounds.longest_gap_s:.2f} s"
        heard = [node for node in self._nodes.values() if node.answers]
        starved = [node for node in heard if node.is_starved(int(self._least_s * SECOND))]
        if 2 * len(starved) > len(heard):
            up_to = f"up to {max(node.silent_ns for node in starved) / SECOND:.2f} s"
            silent = f"{len(starved)} of {len(heard)} nodes did not answer for {up_to}"
            yield f"{silent} though nothing stopped or started them"


def why_unknown(verdicts: Iterable[Verdict], starved: Iterable[str]) -> str:
    """
    `the machine was starved: the observer did not run for 1.10 s; no lookup succeeded (enough-evidence, and 2 more)`.

    `starved` is what `Starvation` told; what the reason of the verdict says itself is not said twice. Empty where no
    verdict is unknown.
    """
    unknown = [verdict for verdict in verdicts if verdict.outcome == "unknown"]
    if not unknown:
        return ""
    own = [verdict for name in _FIRST for verdict in unknown if verdict.name == name]
    first = (own or unknown)[0]
    reason = shorten(first.missing.partition("; ")[0], _CHARACTERS, placeholder=" ...")
    more = f", and {len(unknown) - 1} more" if len(unknown) > 1 else ""
    beside = " and ".join(part for part in starved if part not in reason)
    machine = f"the machine was starved: {beside}; " if beside else ""
    return f"{machine}{reason} ({first.name}{more})"
