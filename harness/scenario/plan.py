"""From a scenario and a seed to a plan with nothing left to chance: the same two always give the same plan."""

import random
from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from harness.core.lasting import is_for_good
from harness.core.plan import Etcd, Expect, Neighbour, Plan, Selection, Step, When, Workload
from harness.errors import ScenarioError
from harness.faults import fault_of
from harness.scenario.comings import DECOMMISSION, JOIN, KILL, here, left, placed, spans_of_drafts
from harness.scenario.draft import LEADER, Draft, draft, state_of
from harness.scenario.model import (
    ClusterBlock,
    ExpectBlock,
    InvariantsBlock,
    Scenario,
    ScenarioFields,
    StepFields,
    WorkloadBlock,
)
from harness.scenario.nodes import Nodes
from harness.scenario.timeline import Span
from harness.scenario.tree import Problem, in_order

_CLUSTER_NAME = "alluxio.cluster.name"


def make_plan(scenario: Scenario, seed: int) -> Plan:
    """
    Draw what the scenario leaves open.

    Raises ScenarioError, with positions, when a step has fewer workers to draw from than it needs.
    """
    fields = scenario.fields
    drafts = [draft(index, step) for index, step in enumerate(fields.steps)]
    nodes = Nodes.of(fields.cluster, drafts)
    return Plan(
        scenario=scenario.name,
        seed=seed,
        workers=nodes.workers,
        clients=nodes.clients,
        identities=_identities((*nodes.every_worker, *nodes.neighbours), seed),
        joiners=nodes.joiners,
        properties=scenario.properties,
        workload=_workload(fields.workload),
        steps=_steps(scenario, placed(drafts, nodes), seed, nodes),
        etcd=_etcd(fields.cluster, nodes),
        broken=dict(fields.cluster.broken),
        duration_s=fields.duration,
        tail_s=fields.tail,
        settle_s=fields.settle,
        invariants=_selection(fields.invariants),
        expect=_expect(fields.expect),
        tags=tuple(fields.tags),
        neighbour=_neighbour(scenario, nodes),
        guests=_guests(fields, nodes),
        users=nodes.users,
    )


def _identities(workers: Sequence[str], seed: int) -> dict[str, str]:
    return {worker: f"worker-{uuid5(NAMESPACE_URL, f'harness:{seed}:{worker}')}" for worker in workers}


def _neighbour(scenario: Scenario, nodes: Nodes) -> Neighbour | None:
    """Its name, where none is given, is one that this cluster's name is a prefix of."""
    block = scenario.fields.cluster.neighbour
    if block is None:
        return None
    return Neighbour(block.name or f"{scenario.properties[_CLUSTER_NAME]}1", nodes.neighbours)


def _steps(scenario: Scenario, drafts: Sequence[Draft], seed: int, nodes: Nodes) -> tuple[Step, ...]:
    targets = _drawn(drafts, random.Random(seed), nodes, scenario)
    steps: list[Step] = []
    for one in drafts:
        steps.append(one.step(targets[one.index], _when(one.fields, steps, nodes)))
    return tuple(steps)


def _drawn(drafts: Sequence[Draft], chance: random.Random, nodes: Nodes, scenario: Scenario) -> list[tuple[str, ...]]:
    """Everybody's targets: workers are drawn in file order; then whoever is left is known, for steps that take all."""
    spans, problems = spans_of_drafts(drafts), list[Problem]()
    steps = [one.step(_led(one.targets, nodes), None) for one in drafts]
    for one in drafts:
        if one.draw:
            free = _free(one, drafts, steps, spans, nodes)
            if len(free) < one.draw:
                of = f"{len(free)} of {len(nodes.every_worker)} workers free of other steps then"
                text = f"{one.draw} to draw, and {of}; add workers or move the steps apart"
                problems.append(scenario.tree.at_value(one.path, text))
                continue
            steps[one.index] = one.step(tuple(sorted(chance.sample(free, one.draw), key=free.index)), None)
    for one in drafts:
        if one.is_for_everyone:
            steps[one.index] = one.step(tuple(left(spans[one.index], steps, spans, nodes)), None)
            if not steps[one.index].params["targets"]:
                problems.append(scenario.tree.at_value(one.path, "no worker is left by then; add workers"))
    if problems:
        raise ScenarioError(in_order(problems))
    return [tuple(step.params.get("targets", ())) for step in steps]


def _led(targets: tuple[str, ...], nodes: Nodes) -> tuple[str, ...]:
    """Of one etcd member it is known beforehand who leads; of several it is found when it happens."""
    return nodes.etcd if targets == (LEADER,) and len(nodes.etcd) == 1 else targets


def _free(one: Draft, drafts: Sequence[Draft], steps: Sequence[Step], spans: Sequence[Span], nodes: Nodes) -> list[str]:
    """Who is there, held by no other open step, and, to be lost for good, wanted by no later one."""
    span, held = spans[one.index], set[str]()
    is_lost = is_for_good(steps[one.index])
    for theirs, step, other in zip(drafts, steps, spans, strict=True):
        is_later = span.order < other.order
        is_wanted = is_later and one.fields.fault == DECOMMISSION
        makes_do = is_lost and is_later and theirs.is_for_everyone
        if other is not span and not makes_do and (span.excludes(other) or is_wanted):
            held |= set(fault_of(step).targets_in(()))
    return [worker for worker in here(span, steps, spans, nodes) if worker not in held]


def _when(fields: StepFields, before: Sequence[Step], nodes: Nodes) -> When | None:
    """`all` are those whom the steps before have brought and not taken; not online are those killed for good."""
    if fields.when is None:
        return None
    state, whom = state_of(fields.when)
    timing: dict[str, Any] = {"within_s": fields.when.within, "after_s": fields.after}
    if isinstance(whom, int):
        return When(state, count=whom, **timing)
    if whom != "all":
        return When(state, tuple(whom), **timing)
    there = [*nodes.workers, *_targets(before, JOIN)]
    gone = {*_targets(before, DECOMMISSION), *(_targets(before, KILL) if state == "online" else ())}
    return When(state, tuple(worker for worker in there if worker not in gone), **timing)


def _targets(steps: Sequence[Step], fault: str) -> list[str]:
    """Of the steps with a fault that is for good."""
    return [name for step in steps if step.fault == fault and is_for_good(step) for name in step.params["targets"]]


def _keys(count: int) -> tuple[str, ...]:
    """Paths of files; five digits, so that up to 99999 they sort as they count."""
    return tuple(f"file:///ufs/key-{number:05}" for number in range(1, count + 1))


def _workload(block: WorkloadBlock) -> Workload:
    return Workload(_keys(block.keys), block.lookups_per_s, block.reads_per_s, block.file_bytes)


def _guests(fields: ScenarioFields, nodes: Nodes) -> dict[str, tuple[str, ...]]:
    guest = fields.system and fields.system.client
    return {name: tuple(guest.command) for name in guest.nodes or nodes.clients} if guest else {}


def _etcd(cluster: ClusterBlock, nodes: Nodes) -> Etcd:
    block = cluster.etcd
    return Etcd(nodes.etcd, block.runtime, block.timers, block.image, block.binary)


def _selection(invariants: str | list[str] | InvariantsBlock) -> Selection:
    if isinstance(invariants, InvariantsBlock):
        return Selection(without=tuple(invariants.without))
    return Selection() if isinstance(invariants, str) else Selection(default=False, names=tuple(invariants))


def _expect(expect: str | ExpectBlock) -> Expect:
    if isinstance(expect, ExpectBlock):
        return Expect("violated", tuple(expect.violated), tuple(expect.also))
    return Expect("unknown" if expect == "unknown" else "valid")
