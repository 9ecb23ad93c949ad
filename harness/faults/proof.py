"""What several faults do alike, each with its proof: stop processes, start them again, cut links and mend them."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from harness.core.links import Cuts, Link, links_of, reverse
from harness.errors import ClusterError, NotReadyError
from harness.faults.fault import Cluster, Node, Proof, Signal

GONE_S = 10.0
READY_S = 30.0
PASSING_S = 10.0


def prove(cluster: Cluster, what: str, probe: Callable[[], bool], timeout_s: float) -> Proof:
    """Proven as soon as `probe` holds, absent when it does not in time."""
    try:
        return Proof("proven", cluster.seconds_until(what, probe, timeout_s))
    except NotReadyError as error:
        return Proof("absent", timeout_s, str(error))


def total(proofs: Collection[Proof], detail: str = "") -> Proof:
    """One proof of several steps: as good as the last one, which is the worst, and as long as all of them."""
    *_, last = proofs
    return Proof(last.outcome, sum(proof.after_s for proof in proofs), last.detail or detail)


def send(cluster: Cluster, names: Iterable[str], signal: Signal) -> tuple[str, ...]:
    """Signal those of `names` that run; the others are given back. Raises ClusterError when a node refuses."""
    idle = tuple(name for name in names if not cluster.node(name).is_running())
    _each(cluster, (name for name in names if name not in idle), lambda node: node.signal(signal))
    return idle


def strike(
    cluster: Cluster, names: Collection[str], signal: Signal, what: str, has_it: Callable[[Node], bool]
) -> Proof:
    """Signal the nodes and prove that it took: `has_it` holds for each. A node that did not run has felt nothing."""
    idle = send(cluster, names, signal)
    struck = [name for name in names if name not in idle]
    proof = prove(cluster, f"{_listed(struck)} {what}", lambda: all(has_it(cluster.node(n)) for n in struck), GONE_S)
    return Proof("absent", proof.after_s, f"{_listed(idle)} did not run") if idle else proof


def start_again(cluster: Cluster, names: Collection[str]) -> Proof:
    """Start the nodes, each stopped first if it would not stop before, and prove that all are ready."""
    send(cluster, names, "KILL")
    gone = prove(cluster, f"{_listed(names)} gone", lambda: not _running(cluster, names), GONE_S)
    _each(cluster, (name for name in names if not cluster.node(name).is_running()), lambda node: node.start())

    def is_settled() -> bool:
        return _ready(cluster, names) or not all(cluster.node(name).is_running() for name in names)

    ready = prove(cluster, f"{_listed(names)} ready", is_settled, READY_S)
    if ready.outcome == "proven" and not _ready(cluster, names):
        return Proof("absent", ready.after_s, "ended again before it was ready")
    return ready if gone.outcome == "proven" else gone


def cut(cluster: Cluster, cuts: Cuts) -> Proof:
    """
    Cut the links and prove it on those that were whole before: nothing passes there any more.

    Where only one direction is cut, what passed the other way before must pass still.
    """
    wanted = links_of(cuts)
    before = _whole(cluster, wanted | {reverse(link) for link in wanted})
    untouched = before - wanted
    fresh = cluster.cut(cuts)
    if not fresh:
        return Proof("not-applicable", detail="other faults had cut all of these links already")
    if not fresh <= before:
        return _explained(Proof("absent", detail="was not whole before"), "not passing", fresh - before)

    def is_cut() -> bool:
        twice_silent = not cluster.passing(fresh) and not cluster.passing(fresh)
        return twice_silent and cluster.passing(untouched) >= untouched

    proof = prove(cluster, f"{len(fresh)} links cut", is_cut, PASSING_S)
    return _explained(proof, "still passing", cluster.passing(fresh)) if proof.outcome == "absent" else proof


def mend(cluster: Cluster, cuts: Cuts) -> Proof:
    """Mend the links and prove it on those that no other fault holds: all of them pass again."""
    freed = cluster.mend(cuts)
    if not freed:
        return Proof("not-applicable", detail="other faults still cut all of these links")
    proof = prove(cluster, f"{len(freed)} links mended", lambda: cluster.passing(freed) >= freed, PASSING_S)
    return _explained(proof, "not passing", freed - cluster.passing(freed)) if proof.outcome == "absent" else proof


def _whole(cluster: Cluster, links: frozenset[Link]) -> frozenset[Link]:
    """Those that pass at a first look or a second: one late datagram does not make a link a broken one."""
    passing = cluster.passing(links)
    return passing | cluster.passing(links - passing)


def _each(cluster: Cluster, names: Iterable[str], act: Callable[[Node], None]) -> None:
    """Act on every node, on the others too when one refuses."""
    refusals = []
    for name in names:
        try:
            act(cluster.node(name))
        except ClusterError as error:
            refusals.append(f"{name}: {error}")
    if refusals:
        raise ClusterError("; ".join(refusals))


def _ready(cluster: Cluster, names: Iterable[str]) -> bool:
    return all(cluster.node(name).is_ready() for name in names)


def _running(cluster: Cluster, names: Iterable[str]) -> bool:
    return any(cluster.node(name).is_running() for name in names)


def _explained(proof: Proof, what: str, links: Collection[Link]) -> Proof:
    """The proof with the first few of the links that contradict it."""
    some = ", ".join(f"{a} -> {b}" for a, b in sorted(links)[:3])
    return replace(proof, detail=f"{proof.detail}; {len(links)} {what}: {some}") if links else proof


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
