"""
How etcd is run: as a process of the sandbox or in a container of this machine's engine.

A runtime turns a member into a Spec. `auto` takes a container where that can be, else a process, and says why.
"""

from pathlib import Path
from typing import Literal, Protocol

from harness.cluster.etcd_server import ProcessRuntime
from harness.cluster.spec import Spec
from harness.core.plan import Etcd
from harness.errors import InputError


class EtcdRuntime(Protocol):
    """
    `engine` is the URL of the containers' engine, empty without one; `why` says why `auto` took no container; `told` is
    all of it for the user.
    """

    name: Literal["docker", "process"]
    version: str
    engine: str
    why: str
    told: str

    def spec(self, member: str, logs: Path) -> Spec: ...


def choose_runtime(etcd: Etcd) -> EtcdRuntime:
    """Raises InputError where etcd can't run as it is asked to; nothing was started."""
    if etcd.runtime == "process" and etcd.image:
        raise InputError("cluster.etcd.image is for containers; leave it out, or ask for docker")
    if etcd.runtime == "process":
        return ProcessRuntime(etcd)
    from harness.cluster.etcd_container import DockerRuntime, NoContainerError  # imported late: not for every run

    try:
        return DockerRuntime(etcd)
    except NoContainerError as error:
        if etcd.runtime == "docker" or etcd.image:
            raise InputError(f"etcd can't run in a container: {error}") from error
        return ProcessRuntime(etcd, why=str(error))
