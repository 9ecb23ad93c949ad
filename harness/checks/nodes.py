"""
What happened to each node: its processes, when it was paused or cut off, what it last showed and said.

Two questions are kept apart. *Gone*: since when can a worker certainly not refresh its lease (its process has ended,
is stopped by a signal, or no link leads from it to any member of etcd)? *Disturbed*: was a node held up in any way, so
that its view may be old? For the first only what is proven counts, for the second whatever may be.
"""

from dataclasses import dataclass, field

from harness.checks.bounds import NEVER, SECOND, SILENCE_S, Bounds
from harness.checks.contents import Contents, Seen
from harness.checks.etcd_health import PROVEN_CUT, EtcdHealth
from harness.checks.fold import Fold
from harness.core.history import Op
from harness.core.links import touching
from harness.core.plan import Plan
from harness.core.spread import Spread

_GAPS_LOOKED_AT = 64
_CUT_OFF = "cut off"


@dataclass(eq=False)
class Process:
    """One incarnation, from its `start` op on."""

    name: str
    pid: int
    incarnation: int
    start: Op
    exit: Op | None = None

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid}, incarnation {self.incarnation})"


@dataclass(eq=False)
class Gone:
    """A stretch of time in which a worker can certainly not refresh its lease; `op` is what began it."""

    name: str
    since_ns: int
    why: str
    op: Op


@dataclass
class Node:
    name: str
    id: str | None = None
    process: Process | None = None
    term: Op | None = None
    view: Seen | None = None
    content_since_ns: int = 0
    answered: Op | None = None
    answers: int = 0
    held_up: set[str] = field(default_factory=set)
    cut_off_ns: int = 0
    silent: int = 0
    """How many members of etcd may not answer it."""
    disturbed_ns: int = 0
    ready_ns: int = 0
    gone_for: dict[object, str] = field(default_factory=dict)
    echo_ns: int = 0
    """Until then TCP may deliver what was sent while links to etcd were cut, even by a process that has ended."""

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.exit is None

    @property
    def is_online(self) -> bool:
        """Whether it runs, and was a member by its own last word."""
        return self.runs and self.answered is not None and self.answered.value["state"] == "online"

    def ready_from(self) -> int:
        """The moment from which its view must be fresh again; NEVER while it is held up."""
        return NEVER if self.held_up else self.ready_ns


class Nodes(Fold):
    """To be shown an op after `EtcdHealth` was."""

    def __init__(self, plan: Plan, bounds: Bounds, contents: Contents, etcd: EtcdHealth) -> None:
        self._bounds = bounds
        self._contents = contents
        self._etcd = etcd
        self._members = plan.etcd.members
        self._cut_at: dict[int, int] = {}
        self.moving_on_s = 0.0
        """How much later anybody hears from etcd who may have to ask silent members first."""
        self._cuts: dict[int, frozenset[tuple[str, str]]] = {}
        self.workers = plan.workers + plan.joiners
        self.clients = plan.clients
        self.of = {name: Node(name, plan.identities.get(name)) for name in plan.names}
        self.gone: dict[str, Gone] = {}
        self.restarted_ns = -1
        """When a worker or client was last started again."""
        self._gaps = Spread()
        self._silence_ns = int(SILENCE_S * self._bounds.scale * SECOND)

    def node(self, name: str) -> Node:
        node = self.of.get(name)
        if node is None:
            node = self.of[name] = Node(name)
        return node

    @property
    def answers(self) -> int:
        """How many samples were answered, by anybody."""
        return sum(node.answers for node in self.of.values())

    def was_steady(self, name: str, since_ns: int) -> bool:
        """Whether nothing held the node up, and nothing befell etcd, at any time since then."""
        node = self.node(name)
        return not (node.held_up or self._etcd.troubles) and node.disturbed_ns < since_ns

    # Processes

    def on_start(self, op: Op) -> None:
        node, pid, incarnation = self.node(op.actor), op.value["pid"], op.value["incarnation"]
        node.process = Process(op.actor, pid, incarnation, op)
        node.view, node.answered = None, None
        node.ready_ns = max(node.ready_ns, _later(op, self._bounds.fresh_s))
        self._back(node, "exited")
        if incarnation > 1 and op.actor in (*self.workers, *self.clients):
            self.restarted_ns = op.time_ns

    def on_exit(self, op: Op) -> None:
        node = self.node(op.actor)
        if node.process is None or node.process.pid != op.value["pid"]:
            return
        node.process.exit = op
        self._gone(node, "exited", f"ended with status {op.value['status']}", op)
        self._back(node, "paused")
        node.held_up.discard("paused")

    def on_signal(self, op: Op) -> None:
        node, signal = self.node(op.actor), op.value["signal"]
        if node.process is None or node.process.pid != op.value["pid"]:
            return
        if signal == "TERM" and op.type == "invoke":
            node.term = op
        elif signal == "STOP" and op.type == "invoke":
            node.held_up.add("paused")
        elif signal == "STOP":
            self._gone(node, "paused", "was paused", op)
        elif signal == "CONT" and op.type == "invoke":
            self._back(node, "paused")
        elif signal == "CONT":
            self._released(node, "paused", op, 0.0)

    # What they say

    def on_register_ok(self, op: Op) -> None:
        self.node(op.actor).id = op.value["id"]

    def on_sample_ok(self, op: Op) -> None:
        node = self.node(op.actor)
        node.answers += 1
        if self._was_silent(node, op):
            node.disturbed_ns = op.time_ns
            node.ready_ns = max(node.ready_ns, _later(op, self._bounds.fresh_s))
        node.answered = op
        node.id = op.value.get("id") or node.id

    def on_view(self, op: Op) -> None:
        node = self.node(op.actor)
        content = self._contents.of(op.value)
        if node.view is None or node.view.content is not content:
            node.content_since_ns = op.time_ns
        node.view = Seen(op, op.value["revision"], content)

    def _was_silent(self, node: Node, op: Op) -> bool:
        """Whether it answered late, or was not seen answering for much longer than the nodes usually are."""
        sent_ns = int(op.value["sent_ns"])
        gap_ns = sent_ns - node.answered.time_ns if node.answered else 0
        if gap_ns > 0:
            self._gaps.add(gap_ns)
        if node.answers % _GAPS_LOOKED_AT == 0:
            usual_s = self._gaps.quantile_s(0.5)
            self._silence_ns = int(max(SILENCE_S * self._bounds.scale, 3 * usual_s) * SECOND)
        return max(gap_ns, op.time_ns - sent_ns) > self._silence_ns

    # What the nemesis does to them

    def on_fault(self, op: Op) -> None:
        step, links = op.value["step"], touching(self._members, op.value.get("cuts", ()))
        if op.type == "invoke":
            self._cut_at[step] = op.time_ns
            self._look_at_etcd(op)
        elif op.type == "ok" and op.value["effect"] in PROVEN_CUT:
            self._cuts[step] = links
            for name in {a for a, b in links if a in self.workers}:
                if self._is_mute(name):
                    self._gone(self.node(name), "cut", "was cut off from etcd", op)

    def on_heal(self, op: Op) -> None:
        step, is_late = op.value["step"], self.moving_on_s > 0
        if op.type == "invoke":
            links = self._cuts.pop(step, frozenset())
            for name in {a for a, _ in links if a in self.workers}:
                if not self._is_mute(name):
                    self._back(self.node(name), "cut")
        for name in self._etcd.freed:
            if not self._is_mute(name):
                cut_s = (op.time_ns - self._cut_at[step]) / SECOND
                self.node(name).echo_ns = _later(op, self._bounds.after_cut_s(cut_s))
        self._look_at_etcd(op)
        for name in self.workers if is_late and self._etcd.touched is op else ():
            node = self.node(name)
            node.echo_ns = max(node.echo_ns, _later(op, self._bounds.reset_s))

    def _is_mute(self, name: str) -> bool:
        """No link leads from the node to any member of etcd."""
        return all(any((name, member) in links for links in self._cuts.values()) for member in self._members)

    # What becomes of etcd

    def on_reach(self, op: Op) -> None:
        self._look_at_etcd(op)

    def on_leader(self, op: Op) -> None:
        self._look_at_etcd(op)

    def _look_at_etcd(self, op: Op) -> None:
        if self._etcd.back is op:
            self._etcd_back(op)
        if self._etcd.touched is op:
            for name in self.of.keys() - {*self._members}:
                self._look_at_links(self.node(name), op)
            reached = [node.silent for node in self.of.values() if node.silent < len(self._members)]
            self.moving_on_s = max(reached, default=0) * self._bounds.move_on_s

    def _look_at_links(self, node: Node, op: Op) -> None:
        """Whoever may have to ask silent members before one that answers hears from etcd so much later."""
        before, node.silent = node.silent, self._etcd.quorum.silent_to(node.name)
        late_s = max(before, node.silent) * self._bounds.move_on_s
        if node.silent == len(self._members):
            node.cut_off_ns = node.cut_off_ns if _CUT_OFF in node.held_up else op.time_ns
            node.held_up.add(_CUT_OFF)
        elif _CUT_OFF in node.held_up:
            self._released(node, _CUT_OFF, op, self._bounds.after_cut_s((op.time_ns - node.cut_off_ns) / SECOND))
        elif late_s:
            node.ready_ns = max(node.ready_ns, _later(op, self._bounds.fresh_s + late_s))

    def _etcd_back(self, op: Op) -> None:
        late_s = self._bounds.fresh_s + self._bounds.after_cut_s(self._etcd.away_s)
        for node in self.of.values():
            node.disturbed_ns = op.time_ns
            node.ready_ns = max(node.ready_ns, _later(op, late_s))

    # Being gone, being held up

    def _gone(self, node: Node, reason: str, why: str, op: Op) -> None:
        node.gone_for[reason] = why
        if node.name in self.workers and node.name not in self.gone:
            self.gone[node.name] = Gone(node.name, op.time_ns, why, op)

    def _back(self, node: Node, reason: str) -> None:
        if node.gone_for.pop(reason, None) and not node.gone_for:
            self.gone.pop(node.name, None)

    def _released(self, node: Node, reason: str, op: Op, allowance_s: float) -> None:
        if reason in node.held_up:
            node.held_up.discard(reason)
            node.disturbed_ns = op.time_ns
            node.ready_ns = max(node.ready_ns, _later(op, self._bounds.fresh_s + allowance_s))


def _later(op: Op, seconds: float) -> int:
    return op.time_ns + int(seconds * SECOND)
