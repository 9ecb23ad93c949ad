"""What the nodes were last heard to be, from the ops of the history as they come: what a run waits for."""

import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.core.few import few
from harness.core.history import OBSERVER, OPERATOR, Op
from harness.core.membership import Replay, View, registered_prefix
from harness.core.plan import Plan
from harness.core.properties import Properties

_SHOWN = 5


@dataclass
class NodeStatus:
    """
    `state` is what the node last answered to the observer in this incarnation, empty before it did; `reached_ns` when
    a member of etcd was last asked for a linearizable read that it answered.
    """

    incarnation: int = 0
    started_ns: int = 0
    is_running: bool = False
    state: str = ""
    revision: int = 0
    reached_ns: int = 0
    view: dict[str, Any] = field(default_factory=dict)


Heard = dict[str, Callable[[Op], None]]


class Status:
    """Fed by whichever thread records an op, read by others."""

    def __init__(self, plan: Plan, died: Callable[[str, str], None]) -> None:
        """`died` is called with the name and epitaph of whatever ends unasked, and was not removed either."""
        self._lock = threading.Lock()
        self._plan = plan
        self._nodes = {name: NodeStatus() for name in plan.names + plan.neighbours}
        self._etcd = Replay(Properties(plan.properties).text("alluxio.cluster.name"))
        self._deletes = dict[str, int]()
        self._facts = Counter[str]()
        self._answers = dict[int, Op]()
        self._leader = ""
        self._died, self._removed = died, set[str]()
        self._taken_out = set[str]()
        self._is_kept = False
        self._of_nodes: Heard = {
            "start": self._start,
            "exit": self._exit,
            "sample": self._sample,
            "view": self._view,
            "members": self._members,
            "keepalive": self._keepalive,
        }
        self._of_etcd: Heard = {
            "reach": self._reach,
            "member": self._member,
            "leader": self._leads,
            "snapshot": lambda op: self._etcd.snapshot(op.value["revision"], op.value["kvs"]),
            "put": lambda op: self._etcd.put(op.value["key"], op.value["revision"], op.value["text"]),
            "delete": self._delete,
        }

    def hear(self, op: Op) -> None:
        with self._lock:
            is_death = op.f == "exit" and not op.value["asked"] and op.actor not in self._removed
            if op.f == "removed":
                self._removed.add(op.actor)
            if op.actor not in self._nodes:
                self._facts[op.f] += op.type == "ok"
            if op.actor == OPERATOR and op.id and op.type != "invoke":
                self._answers[op.id] = op
                if (op.f, op.type) == ("remove-worker", "ok"):
                    self._taken_out.add(op.value["id"])
            if op.id < 0 and op.type != "invoke":
                self._answers[op.id] = op
            known = self._of_etcd if op.actor == OBSERVER else self._of_nodes if op.actor in self._nodes else {}
            if op.type == "ok" and op.f in known:
                known[op.f](op)
        if is_death:
            self._died(op.actor, op.error or op.actor)

    def grow(self, plan: Plan) -> None:
        """The plan is another one from now on, which has nodes that the one before had not."""
        with self._lock:
            self._plan = plan
            self._nodes = {name: NodeStatus() for name in plan.names} | self._nodes

    def is_ready(self, name: str) -> bool:
        """By its own protocol: etcd answered a linearizable read, a worker is online, a client has a view."""
        with self._lock:
            node = self._nodes[name]
            if name in self._plan.etcd.members:
                return node.is_running and node.reached_ns > node.started_ns
            return node.is_running and node.state in ("online", "ready")

    def seen(self, name: str) -> tuple[int, int]:
        """How many workers a node shows online, and at which revision."""
        with self._lock:
            node = self._nodes[name]
            return len(node.view.get("online", ())), node.revision

    def view(self) -> View:
        """The members, as etcd's log has them."""
        with self._lock:
            return self._etcd.view()

    def count(self, f: str) -> int:
        """How often the observer, the workload or the harness has recorded an ok `f`."""
        with self._lock:
            return self._facts[f]

    def answer(self, number: int) -> Op | None:
        """How the operator, or a client (below 0), ended what it was asked under this number; None while it has not."""
        with self._lock:
            return self._answers.get(number)

    def membership(self) -> dict[str, Literal["online", "offline"]]:
        """Every planned worker that is registered, as etcd's log has it."""
        with self._lock:
            states = {str(member.id): member.is_online for member in self._etcd.view().members}
        identities = self._plan.identities.items()
        return {name: "online" if states[id] else "offline" for name, id in identities if id in states}

    def removed_at(self, worker: str) -> int:
        """The revision at which the worker's registered key was last deleted, 0 where it never was."""
        with self._lock:
            return self._deletes.get(f"{registered_prefix(self._etcd.cluster)}{self._plan.identities[worker]}", 0)

    def keys(self) -> frozenset[str]:
        """Every key of the cluster, as etcd's log has it."""
        with self._lock:
            return self._etcd.keys()

    def showing(self, worker: str) -> tuple[str, ...]:
        """The running nodes whose views have the worker, online or offline."""
        id = self._plan.identities[worker]
        with self._lock:
            nodes = {name: node.view for name, node in self._nodes.items() if node.is_running}
        return tuple(n for n, view in nodes.items() if id in view.get("online", ()) or id in view.get("offline", ()))

    def leader(self) -> str:
        """The member of etcd that leads; empty while nobody does, as far as is known."""
        with self._lock:
            return self._leader if self._leader and self._nodes[self._leader].is_running else ""

    def is_kept(self) -> bool:
        """Whether etcd has acknowledged a keepalive in this run, or no worker runs that could still send one."""
        with self._lock:
            return self._is_kept or not any(
                self._nodes[name].is_running for name in self._plan.workers + self._plan.joiners
            )

    def views_agree(self) -> bool:
        return not self.disagreement()

    def disagreement(self) -> str:
        """
        Empty when every running node's view shows just the running workers of its cluster; else the first that doesn't.
        Where no node is left to see them leave, etcd itself must show that all have.

        A worker that was removed while it ran is no member, and has to leave by itself first.
        """
        ids, neighbours = self._plan.identities, set(self._plan.neighbours)
        with self._lock:
            running = {n: node for n, node in self._nodes.items() if node.is_running}
            if outcasts := [name for name in running if ids.get(name) in self._taken_out]:
                return f"{', '.join(outcasts)} was removed from the cluster, and runs still"
            theirs = {ids[n] for n in running if n in neighbours}
            ours = {ids[n] for n in running if n in ids} - theirs
            for name, node in running.items():
                wanted, seen = theirs if name in neighbours else ours, node.view.get("online", {}).keys()
                if name not in self._plan.etcd.members and seen != wanted:
                    lacks, too_many = self._listed(wanted - seen), self._listed(seen - wanted)
                    return f"{name} at revision {node.revision} lacks {lacks}, has {too_many} too many"
            online = (
                set[str]() if self._viewers() else {str(one.id) for one in self._etcd.view().members if one.is_online}
            )
            return f"etcd has {self._listed(online)} online, and none of them runs" if online else ""

    def _viewers(self) -> list[NodeStatus]:
        """The nodes that run and have a view of our cluster at a revision."""
        ours = {*self._plan.workers, *self._plan.joiners, *self._plan.own_clients}
        return [node for name, node in self._nodes.items() if node.is_running and name in ours]

    def _listed(self, identities: Collection[str]) -> str:
        """The first few workers by their names, and how many more."""
        names = {identity: name for name, identity in self._plan.identities.items()}
        listed = sorted(names.get(identity, identity) for identity in identities)
        return few(listed, _SHOWN) or "nobody"

    def agreement(self) -> str:
        """`views agree at revision 88`, the newest that one of theirs was read at: for people, once they do agree."""
        with self._lock:
            revisions = [node.revision for node in self._viewers()]
        return f"views agree at revision {max(revisions)}" if revisions else "no node that has a view runs"

    def _start(self, op: Op) -> None:
        self._nodes[op.actor] = NodeStatus(op.value["incarnation"], op.time_ns, is_running=True)
        self._removed.discard(op.actor)
        self._taken_out.discard(self._plan.identities.get(op.actor, ""))

    def _reach(self, op: Op) -> None:
        """Of a single member it is that one which answered."""
        if len(self._plan.etcd.members) == 1:
            self._nodes[self._plan.etcd.members[0]].reached_ns = op.value["sent_ns"]

    def _member(self, op: Op) -> None:
        self._nodes[op.value["member"]].reached_ns = op.value["sent_ns"]

    def _leads(self, op: Op) -> None:
        self._leader = op.value["member"]

    def _delete(self, op: Op) -> None:
        self._deletes[op.value["key"]] = op.value["revision"]
        self._etcd.delete(op.value["key"], op.value["revision"])

    def _exit(self, op: Op) -> None:
        self._nodes[op.actor].is_running = False

    def _sample(self, op: Op) -> None:
        node = self._nodes[op.actor]
        if op.value["incarnation"] == node.incarnation:
            node.state, node.revision = op.value["state"], op.value["revision"] or 0

    def _view(self, op: Op) -> None:
        node = self._nodes[op.actor]
        if op.value["incarnation"] == node.incarnation:
            node.view = op.value

    def _keepalive(self, _: Op) -> None:
        self._is_kept = True

    def _members(self, op: Op) -> None:
        """What a guest says instead of a view; it knows of no others."""
        node = self._nodes[op.actor]
        if op.value["incarnation"] == node.incarnation:
            node.view = {"online": dict.fromkeys(op.value["members"])}
