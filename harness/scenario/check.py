"""What a scenario must keep beyond its grammar: one fault a step, names that exist, steps that can happen."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from harness.core.lasting import is_for_good, lasts_s
from harness.core.properties import KNOWN, problem
from harness.faults import FAULTS
from harness.faults.fault import Role, Targets
from harness.scenario.comings import spans_of_drafts
from harness.scenario.draft import ANY, Draft, state_of
from harness.scenario.forms import ROLES, WHOM, parameters
from harness.scenario.model import STEP, NeighbourBlock, WorkloadBlock
from harness.scenario.nodes import Nodes, name_problems, target_problems
from harness.scenario.tree import Path, Problem, Tree
from harness.scenario.values import FILE_BYTES_MAX, property_text
from harness.scenario.wording import either, nearest

_STEP_KEYS = {field.alias or name for name, field in STEP.model_fields.items()}
_WORKER: tuple[Role, ...] = ("worker",)
_BUILT = {
    "alluxio.worker.membership.manager.type": "ETCD",
    "alluxio.user.worker.selection.policy.consistent.hash.provider.impl": "NODE_ID",
}
"""Of the properties with several known values the one that something stands behind."""


def shape_problems(raw: Mapping[str, Any], path: Path, tree: Tree) -> Iterator[Problem]:
    """Of a step: which fields go together."""
    given = [key for key, value in raw.items() if value is not None]
    if "at" in given and "when" in given:
        yield tree.at_key((*path, max("at", "when", key=given.index)), "a step has at or when, not both; leave one out")
    elif not {"at", "when"} & set(given):
        yield tree.at_value(path, "the step has no at and no when; it takes one of them")
    if "after" in given and "when" not in given:
        yield tree.at_key((*path, "after"), "after is counted from a when, and there is none; write it into at")
    if isinstance(raw.get("when"), dict):
        yield from _one_of(raw["when"], ("online", "offline"), (*path, "when"), "a when", tree)
    faults = [key for key in raw if key in FAULTS]
    if not faults and not raw.keys() - _STEP_KEYS:
        yield tree.at_value(path, f"the step has no fault; it takes one of {', '.join(FAULTS)}")
    for more in faults[1:]:
        yield tree.at_key((*path, more), f"a step has one fault, and {faults[0]} is it; give {more} a step of its own")
    for name in faults:
        yield from _fault_problems(name, raw, path, tree)


def step_problems(draft: Draft, duration_s: float | None, nodes: Nodes, tree: Tree) -> Iterator[Problem]:
    """Of a step that fits the grammar: its nodes, and whether it can happen at all."""
    yield from target_problems(draft, nodes, tree)
    step, path = draft.fields, ("steps", draft.index)
    if step.when:
        state, whom = state_of(step.when)
        place = (*path, "when", state)
        if isinstance(whom, list):
            yield from name_problems(whom, place, _WORKER, nodes, tree)
        elif isinstance(whom, int) and whom > len(nodes.every_worker):
            yield tree.at_value(place, f"{whom} are more workers than there are; {nodes.there_are(_WORKER)}")
    if duration_s is not None and step.at is not None and step.at >= duration_s:
        yield tree.at_value((*path, "at"), f"the run is over after {duration_s:g} s; begin earlier")


def cluster_problems(raw: Mapping[str, Any], nodes: Nodes, tree: Tree) -> Iterator[Problem]:
    """Of nodes and properties by their names."""
    for name in _map_at(raw, "broken"):
        if text := nodes.unknown(name, ("worker", "client")):
            yield tree.at_key(("cluster", "broken", name), text)
    yield from _etcd_problems(_map_at(raw, "etcd"), tree)
    for key, value in _map_at(raw, "properties").items():
        if isinstance(value, str | int | float) and (text := property_problem(key, property_text(value))):
            at = tree.at_value if key in KNOWN else tree.at_key
            yield at(("cluster", "properties", key), text)


def neighbour_problems(neighbour: NeighbourBlock | None, own_name: str | None, tree: Tree) -> Iterator[Problem]:
    """Of what the other cluster is called."""
    name, place = neighbour and neighbour.name, ("cluster", "neighbour", "name")
    if name and "/" in name:
        yield tree.at_value(place, f"{name!r} has a slash, and stands between slashes in keys; leave it out")
    elif name and name == own_name:
        yield tree.at_value(place, f"{name!r} is this cluster's own name; give the neighbour another one")


def workload_problems(workload: WorkloadBlock, tree: Tree) -> Iterator[Problem]:
    """Whether all files together are more than the memory is meant for."""
    size, count = workload.file_bytes, workload.keys
    if size and size * count > FILE_BYTES_MAX:
        text = f"{count} files of {size} bytes are too much; all of them lie in memory, {FILE_BYTES_MAX} bytes at most"
        yield tree.at_value(("workload", "file_bytes"), text)


def property_problem(key: str, value: str) -> str | None:
    """What is wrong with a property in a scenario: as anywhere, and where nothing acts on a value that is known."""
    if text := problem(key, value):
        return text
    built = _BUILT.get(key, value)
    return None if value == built else f"{key} is {value!r}, which is not built yet; it is {built}"


def invariant_problems(
    raw: Mapping[str, Any], known: Collection[str], own: Collection[str], tree: Tree
) -> Iterator[Problem]:
    """Of the names of invariants; also an expectation that the selection makes impossible. `own` are always judged."""
    without, violated = (("invariants", "without"), ("expect", "violated"))
    for index, name in enumerate(_names_at(raw, without)):
        if name in own:
            text = f"{name} is about the harness itself and always judged; leave out others only"
            yield tree.at_value((*without, index), text)
    for path in (("invariants",), without, violated, ("expect", "also")):
        for index, name in enumerate(_names_at(raw, path)):
            if name not in known:
                text = f"no invariant is called {name!r}; {nearest(name, [*known])}there are {', '.join(known)}"
                yield tree.at_value((*path, index), text)
    judged = set(_names_at(raw, ("invariants",)) or known) - set(_names_at(raw, without)) | set(own)
    for index, name in enumerate(_names_at(raw, violated)):
        if name in known and name not in judged:
            text = f"{name} can't be violated, for it is not judged; change invariants or expect"
            yield tree.at_value((*violated, index), text)


def stuck_problems(drafts: Sequence[Draft], tree: Tree) -> Iterator[Problem]:
    """Steps on a process that an earlier step holds to the end: their turn would never come."""
    steps, spans = [draft.step(draft.targets, None) for draft in drafts], spans_of_drafts(drafts)
    for mine, span in zip(drafts, spans, strict=True):
        for theirs, other, step in zip(drafts, spans, steps, strict=True):
            if mine.is_for_everyone and step.fault == "kill" and is_for_good(step):
                continue  # it takes those that are left
            shared = [name for name in mine.targets if name in theirs.targets and name[-1].isdigit()]
            if shared and lasts_s(step) is None and span.waits_for(other):
                where = tree.at_value(("steps", theirs.index), "").where
                text = f"{shared[0]} is held to the end by the {step.fault} at {where}; give that one a for"
                yield tree.at_value((*mine.path, mine.targets.index(shared[0])), text)


def _fault_problems(name: str, raw: Mapping[str, Any], path: Path, tree: Tree) -> Iterator[Problem]:
    """Whether the fault takes `for`, and that its long form has one role."""
    kinds, given = parameters(FAULTS[name]), raw[name]
    if "for" in raw and not FAULTS[name].takes_for:
        takes = [field for field, kind in kinds.items() if kind not in WHOM]
        allowed = f"it takes {', '.join(takes)}" if takes else "leave it out"
        yield tree.at_key((*path, "for"), f"{name} takes no for; {allowed}")
    if isinstance(given, dict) and given.keys() != {ANY} and Targets in kinds.values():
        roles = [role for role in ROLES if role in FAULTS[name].roles]
        yield from _one_of(given, roles, (*path, name), f"a {name}", tree)


def _etcd_problems(raw: Mapping[str, Any], tree: Tree) -> Iterator[Problem]:
    if raw.get("image") is None:
        return
    if raw.get("binary") is not None:
        yield tree.at_key(("cluster", "etcd", "binary"), "the image has an etcd of its own; leave binary out")
    if raw.get("runtime") == "process":
        yield tree.at_key(
            ("cluster", "etcd", "image"), "image is for containers; leave it out, or set runtime to docker"
        )


def _one_of(raw: Mapping[str, Any], keys: Sequence[str], path: Path, what: str, tree: Tree) -> Iterator[Problem]:
    given = [key for key in raw if key in keys and raw[key] is not None]
    allowed = either(keys)
    if not given:
        yield tree.at_value(path, f"{what} needs one of its fields; {allowed}")
    for more in given[1:]:
        yield tree.at_key((*path, more), f"{what} takes {allowed}, and has {given[0]} already; leave one out")


def _map_at(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = raw.get(key)
    return found if isinstance(found, dict) else {}


def _names_at(raw: Mapping[str, Any], path: Sequence[str]) -> list[str]:
    """The texts in the list at `path`, none where there is no list."""
    found = _map_at(raw, path[0]).get(path[1]) if path[1:] else raw.get(path[0])
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
