"""What each node of a plan is started as."""

from pathlib import Path
from typing import Any

from harness.cluster.etcd_server import endpoints
from harness.cluster.spec import Spec
from harness.core.plan import Plan

HARNESS_PLACE = "harness"
OBSERVER, WORKLOAD = "observer", "workload"
_DORA = {"worker": "harness.dora.worker:main", "client": "harness.dora.client:main"}


def worker(plan: Plan, name: str, home: str, logs: Path, scenario_folder: Path | None) -> Spec:
    files = {"alluxio-site.properties": properties(plan, name, home)}
    files["worker_identity"] = plan.identities[name].removeprefix("worker-") + "\n"
    return _dora("worker", plan, name, home, logs, files, scenario_folder)


def client(plan: Plan, name: str, home: str, logs: Path, scenario_folder: Path | None) -> Spec:
    files = {"alluxio-site.properties": properties(plan, name, home)}
    return _dora("client", plan, name, home, logs, files, scenario_folder)


def program(plan: Plan, name: str, logs: Path, settings: dict[str, Any]) -> Spec:
    """One of the harness' own programs; its network is never cut."""
    return Spec(name, f"harness.{name}:main", str(logs / f"{name}.log"), HARNESS_PLACE, "harness", settings)


def properties(plan: Plan, name: str, home: str) -> str:
    """alluxio-site.properties of one node."""
    own = {
        "alluxio.etcd.endpoints": endpoints(plan.etcd),
        "alluxio.worker.hostname": name,
        "alluxio.worker.identity.uuid.file.path": f"{home}/worker_identity",
        "alluxio.dora.client.ufs.root": "file:///ufs",
    }
    return "".join(f"{key}={value}\n" for key, value in sorted({**plan.properties, **own}.items()))


def _dora(
    role: str, plan: Plan, name: str, home: str, logs: Path, files: dict[str, str], scenario_folder: Path | None
) -> Spec:
    settings = {"conf": f"{home}/alluxio-site.properties", "class": _class(plan, name, scenario_folder)}
    log = str(logs / f"{name}.log")
    return Spec(name, _DORA[role], log, name, "worker" if role == "worker" else "client", settings, files)


def _class(plan: Plan, name: str, scenario_folder: Path | None) -> str | None:
    broken = plan.broken.get(name)
    return broken and str((scenario_folder or Path()) / broken)
