"""From the text of a scenario to one in which nothing is wrong, or to every error with its line and column."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar

from pydantic import ValidationError

from harness.core.properties import Properties, parse_properties
from harness.errors import InputError, ScenarioError
from harness.faults import FAULTS
from harness.scenario.check import (
    cluster_problems,
    invariant_problems,
    neighbour_problems,
    property_problem,
    shape_problems,
    step_problems,
    stuck_problems,
    workload_problems,
)
from harness.scenario.comings import coming_problems, placed
from harness.scenario.draft import Draft, draft
from harness.scenario.guests import guest_problems
from harness.scenario.model import SCENARIO, STEP, ClusterBlock, Scenario, ScenarioFields, SystemBlock, WorkloadBlock
from harness.scenario.nodes import Nodes
from harness.scenario.tree import Problem, Tree, in_order
from harness.scenario.values import Fields
from harness.scenario.wording import problems_of

FindConf = Callable[[str], str | None]
Model = TypeVar("Model", bound=Fields)
_NODES = {"workers", "clients", "etcd", "users", "neighbour"}
"""The fields of a cluster that say which nodes there are."""


def parse(
    text: str,
    file: str,
    *,
    find_conf: FindConf,
    invariants: Collection[str],
    own: Collection[str] = (),
    overrides: Iterable[tuple[str, str]] = (),
) -> Scenario:
    """
    Check a scenario, `overrides` (dotted path, YAML value) applied first.

    `find_conf` gives the text of `conf/NAME.properties`, None when there is none; `invariants` are all that exist,
    `own` those of them that are about the harness itself.
    Raises ScenarioError with one line `file:line:column: what is wrong; what is allowed` per error, in file order; what
    an override made wrong is told at the end, as `--set PATH: ...`.
    """
    tree = Tree.parse(text, file)
    if tree.data is None:
        raise ScenarioError(str(tree.at_value((), "the file is empty; write a map such as cluster: {workers: 3}")))
    for path, value in overrides:
        tree.override(path, value)
    properties: dict[str, str] = {}
    fields, problems = _checked(tree)
    problems += tree.problems
    if isinstance(tree.data, dict):
        drafts, wrong = _drafts(tree)
        problems += invariant_problems(tree.data, invariants, own, tree)
        properties, unfit = _deeper(drafts, find_conf, tree)
        problems += wrong + unfit
        problems += [] if problems else _impossible(drafts, fields, tree)
    if problems or not fields:
        raise ScenarioError(in_order(problems))
    return Scenario(file, text, fields, properties, tree)


def _impossible(drafts: list[Draft], fields: ScenarioFields | None, tree: Tree) -> list[Problem]:
    """What can't happen of steps with which nothing else is wrong."""
    if fields is None:
        return []
    found = placed(drafts, Nodes.of(fields.cluster, drafts))
    return [*coming_problems(found, tree), *stuck_problems(found, tree)]


def _deeper(drafts: list[Draft], find_conf: FindConf, tree: Tree) -> tuple[dict[str, str], list[Problem]]:
    """The properties, and what the grammar alone can't see: of the parts that fit it, also where others don't."""
    raw = tree.data.get("cluster", {})
    cluster, duration_s = _fitting_part(ClusterBlock, raw), _fitting_part(ScenarioFields, tree.data).duration
    if not isinstance(raw, dict) or _NODES & raw.keys() - cluster.model_fields_set:
        return {}, []
    nodes = Nodes.of(cluster, drafts)
    problems = list(cluster_problems(raw, nodes, tree))
    guest = _fitting_part(SystemBlock, tree.data.get("system")).client
    problems += guest_problems(guest, cluster.broken, nodes, tree)
    problems += workload_problems(_fitting_part(WorkloadBlock, tree.data.get("workload")), tree)
    problems += [found for draft in drafts for found in step_problems(draft, duration_s, nodes, tree)]
    properties, wrong = _properties(cluster, find_conf, tree)
    problems += neighbour_problems(cluster.neighbour, properties.get("alluxio.cluster.name"), tree)
    return properties, problems + wrong


def _drafts(tree: Tree) -> tuple[list[Draft], list[Problem]]:
    """The steps with one fault that fits, whatever else may be wrong with them; and what is wrong with their shape."""
    drafts, problems = list[Draft](), list[Problem]()
    steps = tree.data.get("steps")
    for index, raw in enumerate(steps if isinstance(steps, list) else []):
        if isinstance(raw, dict):
            problems += shape_problems(raw, ("steps", index), tree)
            fields = _fitting_part(STEP, raw)
            drafts += [draft(index, fields)] if len(FAULTS.keys() & fields.model_fields_set) == 1 else []
    return drafts, problems


def _properties(cluster: ClusterBlock, find_conf: FindConf, tree: Tree) -> tuple[dict[str, str], list[Problem]]:
    """The scenario's own over those of its conf file over the defaults."""
    file = f"conf/{cluster.conf}.properties"
    text = find_conf(cluster.conf)
    if text is None:
        where = "beside the scenario, in the working folder, among the packaged ones"
        return {}, [tree.at_value(("cluster", "conf"), f"there is no {file}; it is looked for {where}")]
    try:
        found = parse_properties(text, file)
        properties = dict(Properties(found | cluster.properties))
        wrong = [told for key in found.keys() - cluster.properties if (told := property_problem(key, found[key]))]
        lines = [f"{file}: {told}" for told in wrong]
    except InputError as error:
        properties, lines = {}, [line for line in str(error).splitlines() if line.startswith(file)]
    return properties, [tree.at_value(("cluster", "conf"), line) for line in lines]


def _checked(tree: Tree) -> tuple[ScenarioFields | None, list[Problem]]:
    try:
        return SCENARIO.model_validate(tree.data), []
    except ValidationError as error:
        return None, problems_of(error, tree)


def _fitting_part(model: type[Model], data: Any) -> Model:
    """Those fields of a map that fit the grammar, each for itself."""
    return (
        model(**{key: data[key] for key in data if _fits(model, {key: data[key]})})
        if isinstance(data, dict)
        else model()
    )


def _fits(model: type[Fields], data: dict[str, Any]) -> bool:
    try:
        model.model_validate(data)
    except ValidationError:
        return False
    return True
