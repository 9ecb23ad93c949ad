"""What a plan will do to its nodes, as far as it decides which invariants apply."""

from collections.abc import Collection, Iterator
from math import exp, inf

from harness.checks.bounds import EXPIRY_S, Bounds
from harness.checks.quorum import in_majorities
from harness.core.lasting import away_s, is_for_good, run_s
from harness.core.links import Cuts, cuts_around, cuts_between, cuts_from, touching
from harness.core.patience import asked_ttl_s, backoff_s
from harness.core.plan import Plan, Step
from harness.core.properties import Properties

_STOPPING = ("kill", "restart", "pause")
_ELECTION_S = 3.0
"""By then several members have another leader, by etcd's own timers too."""


def workers_stopped_by(plan: Plan, signal: str) -> bool:
    """Whether any step ends a worker's process with that signal."""
    return any(
        _signal(step) == signal and (step.fault == "rolling-restart" or _targets(step, plan.workers + plan.joiners))
        for step in plan.steps
    )


def anyone_starts_again(plan: Plan) -> bool:
    """Whether any step starts a worker again, or a client that tells the revisions of its views."""
    return any(_starting(plan, plan.workers + plan.joiners + plan.own_clients))


def workers_start_again(plan: Plan) -> bool:
    return any(_starting(plan, plan.workers + plan.joiners))


def owners_asked_before(plan: Plan) -> float:
    """
    How often clients are asked for a key, on average, before anybody starts again; 0 where members come or go for good.
    In the end every client is asked for every key once more.
    """
    begun_s = (step.at_s or 0.0 for step in _starting(plan, plan.workers + plan.joiners + plan.own_clients))
    if any(
        step.fault in ("join", "decommission") or (step.fault == "kill" and is_for_good(step)) for step in plan.steps
    ):
        return 0.0
    return _asked_per_s(plan, plan.workload.lookups_per_s + plan.workload.reads_per_s) * min(begun_s, default=0.0)


def files_read_again(plan: Plan) -> float:
    """
    How many reads, on average, ask a worker that started again for a file that it had been read for before. Counted as
    if each worker had its share of the keys, which few keys may not give it: it is no more than that share.
    """
    per_s, keys, workers = _asked_per_s(plan, plan.workload.reads_per_s), len(plan.workload.keys), len(plan.workers)
    again = [
        (1 - exp(-per_s * step.at_s / keys)) * per_s * (run_s(plan) - step.at_s - (away_s(step) or 0.0)) / workers
        for step in _starting(plan, plan.workers)
        if step.at_s is not None
    ]
    return min(max(again, default=0.0), keys / workers)


def _asked_per_s(plan: Plan, per_s: float) -> float:
    """What clients are asked that tell the revisions of their views."""
    return per_s * len(plan.own_clients) / len(plan.clients) if plan.clients else 0.0


def _starting(plan: Plan, nodes: Collection[str]) -> Iterator[Step]:
    """The steps that start one of the nodes again."""
    for step in plan.steps:
        is_restart = step.fault in ("restart", "kill") and away_s(step) is not None
        if step.fault == "rolling-restart" or (is_restart and _targets(step, nodes)):
            yield step


def anyone_gone_for(plan: Plan, seconds: float) -> bool:
    """Whether any step keeps a worker from its lease for so long (ended, paused, cut off) while others reach etcd."""
    return any(_stays_s(step, plan) >= seconds and _takes_workers_away(step, plan) for step in plan.steps)


def membership_changes(plan: Plan) -> bool:
    """Whether any step takes a worker out of etcd, or brings one in, while somebody can see it."""
    expires_s = ttl_s(plan) + EXPIRY_S
    return len(plan.workers + plan.joiners + plan.own_clients) > 1 and (
        workers_stopped_by(plan, "TERM")
        or anyone_gone_for(plan, expires_s)
        or any(step.fault in ("corrupt", "decommission", "join") for step in plan.steps)
    )


def spoils_keys(plan: Plan) -> bool:
    """Whether any step puts values into etcd that are no records of workers."""
    return any(step.fault == "corrupt" for step in plan.steps)


def ring_changes(plan: Plan) -> bool:
    """Whether any step changes who is on the ring, and for long enough that clients see it."""
    bounds = Bounds(plan)
    if any(step.fault in ("join", "decommission") for step in plan.steps):
        return True
    if not Properties(plan.properties).bool("alluxio.user.dynamic.consistent.hash.ring.enabled"):
        return False
    stopped_s = (bounds.stop_s + bounds.fresh_s) / plan.time_scale
    return anyone_gone_for(plan, bounds.leaves_s(ttl_s(plan)) / plan.time_scale) or any(
        _signal(step) == "TERM" and _targets(step, plan.workers + plan.joiners) and _stays_s(step, plan) >= stopped_s
        for step in plan.steps
    )


def workers_paused_for(plan: Plan) -> Iterator[float]:
    """For how long steps pause workers, where etcd itself goes on, nobody is removed meanwhile and no cut echoes."""
    removed = {name for step in plan.steps if _spares(step) for name in _targets(step, plan.names)}
    for step in plan.steps:
        targets = _targets(step, plan.names) - removed - _cut_lately(step, plan)
        if step.fault == "pause" and targets & {*plan.workers, *plan.joiners} and not targets & {*plan.etcd.members}:
            yield _stays_s(step, plan)


def _cut_lately(step: Step, plan: Plan) -> set[str]:
    """Whoever is cut off from a member of etcd while the step lasts, or so lately that TCP still backs off."""
    names = set[str]()
    for other in plan.steps:
        if other.at_s is not None and step.at_s is not None and other.fault in ("isolate", "partition"):
            stays_s = _stays_s(other, plan)
            echoes_until_s = other.at_s + stays_s + backoff_s(stays_s) * plan.time_scale
            if other.at_s < step.at_s + _stays_s(step, plan) and step.at_s < echoes_until_s:
                names.update(*touching(plan.etcd.members, _cuts(other, plan)))
    return names


def anyone_removed(plan: Plan) -> bool:
    return any(step.fault == "decommission" for step in plan.steps)


def anyone_removed_alive(plan: Plan) -> bool:
    """Whether any step removes a worker whose process nothing ends before."""
    ended = {name for step in plan.steps if _signal(step) for name in _targets(step, plan.names) if not _spares(step)}
    return any(_spares(step) and _targets(step, plan.names) - ended for step in plan.steps)


def _spares(step: Step) -> bool:
    """Whether it removes workers without having stopped them."""
    return step.fault == "decommission" and step.params.get("stop") == "none"


def members_silent_at_once(plan: Plan) -> int:
    """How many members of etcd may be silent while the others serve on; none where no step touches a single one."""
    members = plan.etcd.members
    names = {name for step in plan.steps for name in _members_touched(step, plan)}
    return min(len(names), (len(members) - 1) // 2)


def _members_touched(step: Step, plan: Plan) -> Collection[str]:
    """Members, or etcd's leader, whoever that is."""
    members = plan.etcd.members
    if step.fault == "partition":
        return {name for link in touching(members, _cuts(step, plan)) for name in link} & {*members}
    return _targets(step, (*members, "leader"))


def etcd_is_lost_for(plan: Plan, seconds: float) -> bool:
    """Whether steps take etcd's quorum for so long, and not for good; of those that wait each counts by itself."""
    lasting = [(step, _stays_s(step, plan)) for step in plan.steps]
    return any(
        not _has_quorum([step, *(other for other, _ in beside)], plan)
        and seconds <= min([stays_s, *(until_s for _, until_s in beside)]) < inf
        for step, stays_s in lasting
        for beside in [_open_beside(step, lasting)]
    )


def etcd_elects(plan: Plan) -> bool:
    """Whether a step makes one of several members lead instead of another: the leader is away, or the quorum was."""
    return len(plan.etcd.members) > 1 and (
        etcd_is_lost_for(plan, _ELECTION_S)
        or any(
            step.params.get("targets") == ["leader"]
            and ((step.fault, _signal(step)) == ("restart", "TERM") or _stays_s(step, plan) >= _ELECTION_S)
            for step in plan.steps
        )
    )


def ttl_s(plan: Plan) -> float:
    """The lease TTL that workers ask for."""
    return asked_ttl_s(Properties(plan.properties))


def _stays_s(step: Step, plan: Plan) -> float:
    """For how long at least the step's fault stays; without an end of its own until the run heals, or for good."""
    if is_for_good(step):
        return inf
    own_s = away_s(step)
    if own_s is not None:
        return own_s
    return plan.tail_s if step.at_s is None else run_s(plan) - step.at_s


def _signal(step: Step) -> str | None:
    match step.fault:
        case "restart" | "rolling-restart":
            return str(step.params.get("signal", "TERM"))
        case "kill":
            return "KILL"
        case "decommission":
            return str(step.params.get("stop", "TERM"))
    return None


def _takes_workers_away(step: Step, plan: Plan) -> bool:
    """Whether it keeps a worker from its lease while etcd serves another node, which can see that."""
    workers, etcd = {*plan.workers, *plan.joiners}, {*plan.etcd.members}
    observers = workers | {*plan.own_clients}
    match step.fault:
        case "rolling-restart":
            return len(observers) > 1
        case "decommission" if _spares(step):
            return False
        case "kill" | "restart" | "pause" | "decommission":
            held = _targets(step, plan.names)
            return bool(held & workers) and bool(observers - held) and not held & etcd
        case "isolate" | "partition":
            links = touching(etcd, _cuts(step, plan))
            mute = {name for name in workers if all((name, member) in links for member in etcd)}
            untouched = observers.difference(*links)
            return bool(mute) and bool(untouched) and not any(a in etcd and b in etcd for a, b in links)
    return False


def _open_beside(step: Step, lasting: list[tuple[Step, float]]) -> list[tuple[Step, float]]:
    """The other steps that are open when this one begins, and for how much longer."""
    return [
        (other, other.at_s + stays_s - step.at_s)
        for other, stays_s in lasting
        if other is not step and step.at_s is not None and other.at_s is not None
        if other.at_s <= step.at_s < other.at_s + stays_s
    ]


def _has_quorum(steps: Collection[Step], plan: Plan) -> bool:
    members = plan.etcd.members
    away = {name for step in steps if step.fault in _STOPPING for name in _targets(step, members)}
    cuts = {
        link
        for step in steps
        if step.fault in ("isolate", "partition")
        for link in touching(members, _cuts(step, plan))
        if {*members}.issuperset(link)
    }
    return bool(in_majorities(members, away, cuts))


def _cuts(step: Step, plan: Plan) -> Cuts:
    """What an isolate or a partition cuts."""
    if step.fault == "isolate":
        return cuts_around(sorted(_targets(step, plan.names)), plan.names)
    if groups := step.params.get("groups"):
        return cuts_between(groups, plan.names)
    return cuts_from(step.params["from_"], step.params["to"], plan.names)


def _targets(step: Step, names: Collection[str]) -> set[str]:
    found = step.params.get("targets", ())
    return {found} & {*names} if isinstance(found, str) else {*found} & {*names}
