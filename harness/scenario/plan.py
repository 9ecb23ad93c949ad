"""From a scenario and a seed to a plan with nothing left to chance: the same two always give the same plan."""

import random
from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from harness.core.plan import Etcd, Expect, Plan, Selection, Step, When, Workload
from harness.errors import ScenarioError
from harness.faults import FOR_GOOD, fault_of
from harness.scenario.draft import LEADER, Draft, draft, state_of
from harness.scenario.model import ClusterBlock, ExpectBlock, InvariantsBlock, Scenario, StepFields
from harness.scenario.nodes import Nodes
from harness.scenario.timeline import Span, spans_of
from harness.scenario.tree import Problem, in_order

_NOBODY = ("nobody",)


def make_plan(scenario: Scenario, seed: int) -> Plan:
    """
    Draw what the scenario leaves open.

    Raises ScenarioError, with positions, when a step has fewer workers to draw from than it needs.
    """
    fields = scenario.fields
    nodes = Nodes.of(fields.cluster)
    return Plan(
        scenario=scenario.name,
        seed=seed,
        workers=nodes.workers,
        clients=nodes.clients,
        identities={worker: f"worker-{uuid5(NAMESPACE_URL, f'harness:{seed}:{worker}')}" for worker in nodes.workers},
        properties=scenario.properties,
        workload=Workload(_keys(fields.workload.keys), fields.workload.lookups_per_s, fields.workload.reads_per_s),
        steps=_steps(scenario, seed, nodes),
        etcd=_etcd(fields.cluster, nodes),
        broken=dict(fields.cluster.broken),
        duration_s=fields.duration,
        tail_s=fields.tail,
        settle_s=fields.settle,
        invariants=_selection(fields.invariants),
        expect=_expect(fields.expect),
        tags=tuple(fields.tags),
    )


def _steps(scenario: Scenario, seed: int, nodes: Nodes) -> tuple[Step, ...]:
    drafts = [draft(index, fields) for index, fields in enumerate(scenario.fields.steps)]
    targets = _drawn(drafts, random.Random(seed), nodes, scenario)
    steps: list[Step] = []
    for one in drafts:
        steps.append(one.step(targets[one.index], _when(one.fields, steps, nodes)))
    return tuple(steps)


def _drawn(drafts: Sequence[Draft], chance: random.Random, nodes: Nodes, scenario: Scenario) -> list[tuple[str, ...]]:
    """Everybody's targets: workers are drawn in file order among those that no other open step holds."""
    steps = [one.step(one.targets or _NOBODY, None) for one in drafts]
    spans, problems = spans_of(steps), list[Problem]()
    holds = [() if one.draw else fault_of(step).targets_in(()) for one, step in zip(drafts, steps, strict=True)]
    drawn = [_led(one.targets, nodes) for one in drafts]
    for one, span in zip(drafts, spans, strict=True):
        if one.draw:
            free = _free(span, spans, holds, nodes)
            if len(free) < one.draw:
                text = f"{one.draw} to draw, and {len(free)} of {len(nodes.workers)} workers free of other steps then"
                problems.append(scenario.tree.at_value(one.path, f"{text}; add workers or move the steps apart"))
                continue
            holds[one.index] = drawn[one.index] = tuple(sorted(chance.sample(free, one.draw), key=free.index))
    if problems:
        raise ScenarioError(in_order(problems))
    return drawn


def _led(targets: tuple[str, ...], nodes: Nodes) -> tuple[str, ...]:
    """Of one etcd member it is known beforehand who leads; of several, `leader` is refused."""
    return nodes.etcd if targets == (LEADER,) else targets


def _free(span: Span, spans: Sequence[Span], holds: Sequence[tuple[str, ...]], nodes: Nodes) -> list[str]:
    others = [held for other, held in zip(spans, holds, strict=True) if other is not span and span.excludes(other)]
    return [worker for worker in nodes.workers if not any(worker in held for held in others)]


def _when(fields: StepFields, before: Sequence[Step], nodes: Nodes) -> When | None:
    """`online: all` leaves out those that the steps before have killed for good."""
    if fields.when is None:
        return None
    state, whom = state_of(fields.when)
    timing: dict[str, Any] = {"within_s": fields.when.within, "after_s": fields.after}
    if isinstance(whom, int):
        return When(state, count=whom, **timing)
    if whom != "all":
        return When(state, tuple(whom), **timing)
    gone = {name for step in before if state == "online" for name in _gone(step)}
    return When(state, tuple(worker for worker in nodes.workers if worker not in gone), **timing)


def _gone(step: Step) -> tuple[str, ...]:
    return fault_of(step).targets_in(()) if step.fault in FOR_GOOD and step.for_s is None else ()


def _keys(count: int) -> tuple[str, ...]:
    """Paths of files; five digits, so that up to 99999 they sort as they count."""
    return tuple(f"file:///ufs/key-{number:05}" for number in range(1, count + 1))


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
