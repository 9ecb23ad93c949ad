"""A run in a sentence: what ran, what happened to whom, and what came of it."""

from collections.abc import Iterable

from harness.checks.verdict import counted
from harness.core.few import few
from harness.report.course import FaultRow
from harness.report.result import Result
from harness.report.screen import standing

_TOLD_MAX = 4
_WHAT = {
    "kill": "killed",
    "restart": "restarted",
    "pause": "paused",
    "isolate": "isolated from everybody",
    "decommission": "taken out of the cluster",
    "rolling-restart": "restarted one after the other",
}


def story(result: Result) -> str:
    nodes, etcd = result.nodes, result.etcd
    ran = [counted(nodes.get("workers", 0), "worker"), counted(nodes.get("clients", 0), "client")]
    members = etcd.get("members", 1)
    version = f"etcd {etcd.get('version', '')}".strip() + (f" of {members} members" if members > 1 else "")
    ran_s = result.phases.get("run_s", 0.0)
    told = f"{_listed([*ran, version])} ran for {ran_s:.1f} s; {_befell(result)}; {_came(result)}."
    return told + (f" It is unknown because {result.why}." if result.why else "")


def _befell(result: Result) -> str:
    rows = result.faults
    if not rows:
        return "nothing was done to them"
    more = len(rows) - _TOLD_MAX
    told = [_fault(row) for row in rows[: _TOLD_MAX if more > 0 else None]]
    return _listed([*told, *([f"{counted(more, 'more fault')} followed"] if more > 0 else [])])


def _fault(row: FaultRow) -> str:
    when = "" if row.at_s is None else f" at {row.at_s:z.1f} s"
    if row.effect_after_s is None and row.effect == "absent":
        return f"{row.text}, planned{when.replace(' at ', ' for ')}, is not seen to have happened"
    if row.at_s is not None and row.until_s is not None:
        when = f" from {row.at_s:z.1f} s to {row.until_s:z.1f} s"
    if row.fault in ("kill", "restart") and row.targets and row.until_s is not None:
        verb = "was" if len(row.targets) == 1 else "were"
        ended = "killed" if row.fault == "kill" or "KILL" in row.text else "stopped"
        return f"{_some(row.targets)} {verb} {ended} at {row.at_s:z.1f} s and started again at {row.until_s:z.1f} s"
    if row.fault in _WHAT and row.targets:
        verb = "was" if len(row.targets) == 1 else "were"
        return f"{_some(row.targets)} {verb} {_WHAT[row.fault]}{when}"
    if row.fault == "join":
        return f"{_some(row.targets)} joined{when}"
    groups = row.text.removeprefix(row.fault).strip()
    return f"the network was cut, {groups},{when}" if row.fault == "partition" else f"{row.text}{when}"


def _came(result: Result) -> str:
    of = {
        outcome: [row.name for row in result.invariants if row.outcome == outcome]
        for outcome in ("violated", "unknown")
    }
    told = []
    if of["violated"]:
        told.append(f"{_some(of['violated'])} {'was' if len(of['violated']) == 1 else 'were'} violated")
    if of["unknown"]:
        told.append(f"nobody can tell of {_some(of['unknown'])}")
    count = len(result.invariants)
    if not told:
        told.append(f"all {counted(count, 'invariant')} held" if count else "no invariant was judged")
    elif held := count - len(of["violated"]) - len(of["unknown"]):
        told.append(f"{counted(held, 'other')} held")
    return _listed(told) + (f" ({standing(result)})" if standing(result) else "")


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return _listed(names) if len(names) <= _TOLD_MAX else few(names, _TOLD_MAX)


def _listed(parts: list[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)
