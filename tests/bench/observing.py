"""What looking on costs: CPU time of those who observe, record and judge, beside that of the cluster they look at."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import load_scenario, make_plan, run
from harness.core.plan import Plan
from harness.report.result import Result
from tests.bench.frame import Row

_STORY = "kill"
_CLUSTER = "workers, clients, etcd"


def rows() -> Iterator[Row]:
    scenario = load_scenario(_STORY)
    plan = make_plan(scenario, seed=1)
    plan = replace(plan, etcd=replace(plan.etcd, runtime="process"))
    with TemporaryDirectory() as folder:
        began_s = time.process_time()
        result = run(plan, scenario, runs=Path(folder))
        ours_s = time.process_time() - began_s
        spent_s = _spent_s(Path(result.run_dir) / "metrics.jsonl")
    yield from _told(plan, result, {**spent_s, "command": ours_s})


def _told(plan: Plan, result: Result, spent_s: dict[str, float]) -> Iterator[Row]:
    """Per second of the run phase, though a little of each is spent before and after."""
    run_s = result.phases["run_s"]
    cluster_s = sum(spent_s.get(name, 0.0) for name in {*plan.names, *plan.etcd.members}) / run_s
    yield Row("the command: record, wait, judge", spent_s["command"] / run_s, "CPU s/s", _CLUSTER, cluster_s)
    yield Row("the observer: ask everybody", spent_s["observer"] / run_s, "CPU s/s", _CLUSTER, cluster_s)
    yield Row("the workload: tell clients what to do", spent_s["workload"] / run_s, "CPU s/s", _CLUSTER, cluster_s)
    done = sum(kinds["ok"] for kinds in result.ops.values())
    yield Row("lookups and reads", done / (run_s * cluster_s), "ops per CPU s of the cluster")


def _spent_s(metrics: Path) -> dict[str, float]:
    """By node how much CPU time its last process had taken when it was last looked at."""
    rows = map(json.loads, metrics.read_text(encoding="utf-8").splitlines())
    return {row["node"]: row["cpu_s"] for row in rows}
