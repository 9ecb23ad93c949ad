"""The invariant of availability: what befalls one worker is no reason to go without another."""

from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from harness.checks.bounds import NEVER, SECOND, SILENCE_S
from harness.checks.contents import Content
from harness.checks.invariant import Invariant
from harness.checks.nodes import Node, Process
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict
from harness.core.history import Op
from harness.core.plan import Plan

_KEPT_S = 60.0
_PROMPT_S = 0.1
"""Where anybody took longer than this for a word, the machine is too busy to blame an op for the time it took."""
_Cut = tuple[Collection[str], Collection[str]]


_Begun = tuple[Op, Content | None]
"""An op, and the view that its client had when it began."""


@dataclass(eq=False)
class _Suspect:
    """What a client did not get, and who is still to be heard of before that counts: by name, in which process."""

    begun: Op
    done: Op
    owner: Node
    client: Node
    unheard: dict[str, Process | None]


@dataclass
class _Cuts:
    """Cut links of one step; healed at `until_ns`, but felt for a while longer."""

    pairs: list[_Cut] = field(default_factory=list)
    until_ns: int = NEVER

    def hold(self, one: str, other: str, at_ns: int) -> bool:
        return at_ns <= self.until_ns and any(
            (one in sources and other in targets) or (other in sources and one in targets)
            for sources, targets in self.pairs
        )


class HealthyOwnersServe(Invariant):
    """
    An op that its owner served keeps it in any case; one that was not breaks it if the owner was well.
    An owner is well when nothing was done to it, to etcd or to its links from the bound before the op until after it,
    and it says so itself, in answer to a sample sent after the op; the same for the client, which may however be cut
    off from etcd, for it has a view. An op that took long counts only if everybody else was prompt. Who is meant by the
    owner is what the client said, or else what the ring of the view says that it had all the time. A guest's read that
    has but the beginning of its file was not served.
    """

    name = "healthy-owners-serve"
    id = "A5"
    says = "a lookup or read of a key whose owner is well is answered, and the read by that owner"
    needs = "there are no clients"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._begun: dict[tuple[str, int], _Begun] = {}
        self._struck: dict[str, int] = {}
        self._cuts: dict[int, _Cuts] = {}
        self._suspects: list[_Suspect] = []
        self._convicted: list[tuple[_Suspect, Op]] = []
        self._tardy: list[int] = []
        self._prompt_ns = int(_PROMPT_S * truth.bounds.scale * SECOND)
        self._examined = self._unexamined = 0

    @staticmethod
    def applies(plan: Plan) -> bool:
        return bool(plan.clients)

    # What clients do

    def on_lookup(self, op: Op) -> None:
        if op.type == "invoke":
            view = self.truth.nodes.node(op.actor).view
            self._begun[op.actor, op.id] = op, view.content if view else None
        elif begun := self._begun.pop((op.actor, op.id), None):
            self._done(begun, op)

    on_read = on_lookup

    def _done(self, begun: _Begun, op: Op) -> None:
        owner = self._owner(begun, op)
        if owner and op.type == "ok" and (op.f == "lookup" or self._is_served(op)):
            self._examined += 1
            return
        client = self.truth.nodes.node(op.actor)
        if owner is None or not self._are_well(client, owner, begun[0].time_ns):
            self._unexamined += 1
        else:
            unheard = {node.name: node.process for node in (owner, client)}
            self._suspects.append(_Suspect(begun[0], op, owner, client, unheard))

    def _is_served(self, read: Op) -> bool:
        return bool(read.value["served_by"] == read.value["owner"]) and not self.truth.files.is_cut_short(read)

    def _owner(self, begun: _Begun, op: Op) -> Node | None:
        id, view = op.value.get("owner"), None if op.type == "ok" else self.truth.nodes.node(op.actor).view
        if view and view.content is begun[1] and view.content.members:
            id = self.truth.owners.of(view.content, op.value["key"])
        node = self.truth.nodes.of.get(self.truth.who(id))
        return node if node and node.id == id else None

    # Who is well

    def _are_well(self, client: Node, owner: Node, since_ns: int) -> bool:
        process = owner.process
        if self.truth.etcd.troubles or self.truth.phases.is_stopping or "paused" in client.held_up or not client.runs:
            return False
        if process is None or not owner.runs or (owner.term and owner.term.time_ns >= process.start.time_ns):
            return False
        if owner.ready_from() >= since_ns or client.ready_ns >= since_ns:
            return False
        if self._struck.get(owner.name, 0) >= since_ns or self._struck.get(client.name, 0) >= since_ns:
            return False
        return not any(cuts.hold(client.name, owner.name, since_ns) for cuts in self._cuts.values())

    def on_signal(self, op: Op) -> None:
        self._strike(op)

    def on_fence(self, op: Op) -> None:
        self._strike(op)

    def on_serve(self, op: Op) -> None:
        self._strike(op)

    def on_lease_lost(self, op: Op) -> None:
        self._strike(op)

    def on_removed(self, op: Op) -> None:
        self._strike(op)

    def _strike(self, op: Op) -> None:
        self._struck[op.actor] = op.time_ns

    def on_fault(self, op: Op) -> None:
        for name in op.value["targets"]:
            self._struck[name] = op.time_ns
        if op.type == "invoke" and (pairs := op.value.get("cuts")):
            self._cuts[op.value["step"]] = _Cuts([(frozenset(a), frozenset(b)) for a, b in _pairs(pairs)])

    def on_heal(self, op: Op) -> None:
        cuts = self._cuts.get(op.value["step"])
        if cuts and op.type == "ok" and op.value["heal"] != "absent":
            cuts.until_ns = op.time_ns
            old_ns = op.time_ns - int(_KEPT_S * SECOND)
            self._cuts = {step: cuts for step, cuts in self._cuts.items() if cuts.until_ns > old_ns}

    # Who is heard afterwards

    def on_reach(self, op: Op) -> None:
        self._timed(op)

    def _timed(self, op: Op) -> None:
        if op.time_ns - op.value["sent_ns"] > self._prompt_ns:
            self._tardy.append(op.time_ns)

    def on_sample(self, op: Op) -> None:
        self._timed(op)
        if self._suspects and op.type == "ok":
            for suspect in [one for one in self._suspects if op.actor in one.unheard]:
                self._heard(suspect, op)

    def _heard(self, suspect: _Suspect, op: Op) -> None:
        if op.value["sent_ns"] <= suspect.done.time_ns:
            return
        process, from_ns = suspect.unheard.pop(op.actor), suspect.begun.time_ns
        is_itself = process is not None and process.pid == op.value["pid"]
        if not is_itself or op.value["state"] not in ("online", "ready"):
            self._acquit(suspect)
        elif not suspect.unheard:
            self._acquit(suspect)
            if self._are_well(suspect.client, suspect.owner, from_ns):
                self._convicted.append((suspect, op))

    def on_exit(self, op: Op) -> None:
        """Nobody will be heard who has ended."""
        for suspect in [one for one in self._suspects if op.actor in one.unheard]:
            self._acquit(suspect)

    def _acquit(self, suspect: _Suspect) -> None:
        self._suspects.remove(suspect)
        self._unexamined += 1

    def _is_certain(self, begun_ns: int, done_ns: int, heard_ns: int) -> bool:
        silence_ns = int(SILENCE_S * self.truth.bounds.scale * SECOND)
        if self.truth.bounds.stalled_s(begun_ns, heard_ns):
            return False
        tardy = bisect_left(self._tardy, begun_ns) < bisect_left(self._tardy, heard_ns + silence_ns)
        return done_ns - begun_ns < silence_ns or not tardy

    def _told(self, suspect: _Suspect, heard: Op) -> None:
        begun, done, owner, at = suspect.begun, suspect.done, suspect.owner.name, self.truth.at
        took_s, key = (done.time_ns - begun.time_ns) / SECOND, done.value["key"]
        if done.type == "ok" and self.truth.files.is_cut_short(done):
            length = self.truth.files.length(key)
            what = f"read but {done.value['length']} of the {length} bytes of {key} from its owner {owner}"
        elif done.type == "ok":
            what = f"read {key} from {self.truth.who(done.value['served_by'])} and not from its owner {owner}"
        else:
            what = f"got no answer to its {done.f} of {key}, owned by {owner} ({done.error})"
        self.violated(
            f"{done.actor} {what}, from {at(begun.time_ns)} on, after {took_s:.2f} s; {owner} was well before, "
            f"meanwhile and afterwards ({at(heard.time_ns)})",
            begun,
            done,
            heard,
        )

    def verdict(self) -> Verdict:
        """Only now is known for how long the observer did not run."""
        for suspect, heard in self._convicted:
            if self._is_certain(suspect.begun.time_ns, suspect.done.time_ns, heard.time_ns):
                self._unexamined -= 1
                self._examined += 1
                self._told(suspect, heard)
        unexamined = self._unexamined + len(self._suspects)
        return self.answer(
            f"{self._examined} lookups and reads that were or should be served",
            "" if self._examined else "no lookup or read was served, and no owner was surely well",
            examined=self._examined,
            unexamined=unexamined,
        )


def _pairs(cuts: Any) -> list[_Cut]:
    return [(sources, targets) for sources, targets in cuts]
