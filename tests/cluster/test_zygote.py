import importlib.util
from pathlib import Path

from harness import make_plan
from harness.cluster.etcd_runtime import choose_runtime
from harness.cluster.roles import every_spec
from harness.cluster.zygote import PRELOAD
from harness.scenario.parse import parse

EVERYBODY = """
cluster: {workers: 1, clients: 2, etcd: {runtime: process}, neighbour: {workers: 1}}
system: {client: {command: [cat], nodes: [client-2]}}
"""


def test_whatever_a_run_forks_is_imported_before():
    plan = make_plan(parse(EVERYBODY, "everybody.yaml", find_conf=lambda name: "", invariants=()), seed=1)
    specs = every_spec(plan, choose_runtime(plan.etcd), Path("logs"), Path())
    forked = {spec.run.partition(":")[0] for spec in specs if isinstance(spec.run, str)}
    assert len(forked) == 6
    assert forked <= {*PRELOAD}


def test_there_is_everything_that_is_imported_before():
    for module in PRELOAD:
        assert importlib.util.find_spec(module)
