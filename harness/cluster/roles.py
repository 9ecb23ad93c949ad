"""What each node of a plan is started as."""

import json
from pathlib import Path
from typing import Any, Literal

from harness.cluster.etcd_runtime import EtcdRuntime
from harness.cluster.etcd_server import CLIENT_PORT, endpoints
from harness.cluster.sandbox import HARNESS_PLACE, HOME
from harness.cluster.spec import Spec
from harness.core.guest import filled
from harness.core.history import OBSERVER, OPERATOR, WORKLOAD
from harness.core.plan import Plan
from harness.core.properties import Properties

_IDENTITIES = "identities.json"
PROGRAMS = (OBSERVER, WORKLOAD, OPERATOR)
"""The harness' own, beside the nodes of a plan."""


def every_spec(plan: Plan, etcd: EtcdRuntime, logs: Path, scenario_folder: Path) -> list[Spec]:
    """Every node of the plan and the harness' own programs; classes of `broken` are looked for in `scenario_folder`."""
    members = [etcd.spec(name, logs) for name in plan.etcd.members]
    everyone = plan.workers + plan.joiners + plan.neighbours
    workers = [_dora("worker", plan, name, logs, scenario_folder) for name in everyone]
    clients = [_dora("client", plan, name, logs, scenario_folder) for name in plan.own_clients]
    guests = [_guest(plan, name, logs, scenario_folder) for name in plan.guests]
    programs = [
        _program(OBSERVER, logs, _observer_settings(plan)),
        _program(WORKLOAD, logs, _workload_settings(plan)),
        _operator(plan, logs),
    ]
    return members + workers + clients + guests + programs


def properties(plan: Plan, name: str, home: str) -> str:
    """alluxio-site.properties of one node."""
    own = {
        "alluxio.etcd.endpoints": endpoints(plan.etcd),
        "alluxio.worker.hostname": name,
        "alluxio.worker.identity.uuid.file.path": f"{home}/worker_identity",
        "alluxio.worker.page.store.dirs": f"{home}/pages",
        "alluxio.dora.client.ufs.root": "file:///ufs",
    }
    if plan.neighbour and name in plan.neighbours:
        own["alluxio.cluster.name"] = plan.neighbour.cluster
    return "".join(f"{key}={value}\n" for key, value in sorted({**plan.properties, **own}.items()))


def _dora(role: Literal["worker", "client"], plan: Plan, name: str, logs: Path, scenario_folder: Path) -> Spec:
    home = f"{HOME}/{name}"
    files = {"alluxio-site.properties": properties(plan, name, home)}
    if role == "worker":
        files["worker_identity"] = plan.identities[name].removeprefix("worker-") + "\n"
    broken = plan.broken.get(name)
    settings = {
        "conf": f"{home}/alluxio-site.properties",
        "class": broken and str(scenario_folder / broken),
    }
    return Spec(name, f"harness.dora.{role}:main", str(logs / f"{name}.log"), name, role, settings, files)


def _guest(plan: Plan, name: str, logs: Path, scenario_folder: Path) -> Spec:
    """A client of somebody else; it knows workers by their addresses, which here are their names."""
    port = Properties(plan.properties).int("alluxio.worker.http.server.port")
    everyone = plan.workers + plan.joiners
    identities = {f"{worker}:{port}": plan.identities[worker] for worker in everyone}
    settings = {
        "command": filled(plan.guests[name], _told_of_the_cluster(plan, name)),
        "folder": str(scenario_folder),
        "identities": f"{HOME}/{name}/{_IDENTITIES}",
    }
    files, log = {_IDENTITIES: json.dumps(identities)}, str(logs / f"{name}.log")
    return Spec(name, "harness.dora.guest:main", log, name, "client", settings, files)


def _told_of_the_cluster(plan: Plan, name: str) -> dict[str, str]:
    """What a guest's placeholders stand for; see `harness.core.guest`."""
    own = Properties(plan.properties)
    refresh_s = own.duration_s("alluxio.user.worker.list.refresh.interval")
    return {
        "name": name,
        "home": f"{HOME}/{name}",
        "cluster_name": own.text("alluxio.cluster.name"),
        "etcd_endpoints": endpoints(plan.etcd),
        "etcd_hosts": ",".join(plan.etcd.members),
        "etcd_port": str(CLIENT_PORT),
        "vnodes": own.text("alluxio.user.worker.selection.policy.consistent.hash.virtual.node.count.per.worker"),
        "refresh_s": str(max(1, round(refresh_s))),
        "page_size": own.text("alluxio.worker.page.store.page.size"),
    }


def _program(name: str, logs: Path, settings: dict[str, Any]) -> Spec:
    return Spec(name, f"harness.{name}:main", str(logs / f"{name}.log"), HARNESS_PLACE, "harness", settings)


def _operator(plan: Plan, logs: Path) -> Spec:
    home, conf = f"{HOME}/{OPERATOR}", "alluxio-site.properties"
    files = {conf: properties(plan, OPERATOR, home)}
    settings = {"conf": f"{home}/{conf}"}
    return Spec(
        OPERATOR, "harness.dora.operator:main", str(logs / "operator.log"), HARNESS_PLACE, "harness", settings, files
    )


def _observer_settings(plan: Plan) -> dict[str, Any]:
    return {
        "properties": properties(plan, OBSERVER, HOME),
        "nodes": [*plan.workers, *plan.joiners, *plan.clients, *plan.neighbours],
    }


def _workload_settings(plan: Plan) -> dict[str, Any]:
    work = plan.workload
    rates = {"lookups_per_s": work.lookups_per_s, "reads_per_s": work.reads_per_s}
    return {"clients": list(plan.clients), "keys": list(work.keys), "seed": plan.seed, **rates}
