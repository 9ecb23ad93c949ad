"""Ports on this machine's loopback that lead to the nodes: etcd's members, and the workers' REST."""

import socket
from contextlib import ExitStack
from pathlib import Path

from harness.cluster.cluster import Cluster
from harness.cluster.etcd_server import CLIENT_PORT
from harness.core.plan import Plan
from harness.core.properties import Properties
from harness.errors import ClusterError

_HTTP_PORT = "alluxio.worker.http.server.port"


class Doors:
    """`addresses` (`127.0.0.1:41379`) by the names of the nodes that they lead to."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self.addresses = dict[str, str]()

    def open_all(self, plan: Plan, cluster: Cluster) -> None:
        """
        One for each node of the plan that has none yet. The listeners are opened here, outside of the sandbox, and
        handed in: a sandbox of a user's can't open one.

        Raises ClusterError.
        """
        http = Properties(plan.properties).int(_HTTP_PORT)
        ports = dict.fromkeys(plan.etcd.members, CLIENT_PORT) | dict.fromkeys((*plan.workers, *plan.joiners), http)
        new = {name: port for name, port in ports.items() if name not in self.addresses}
        if not new:
            return
        with ExitStack() as closed:
            try:
                listeners = {
                    name: closed.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128)) for name in new
                }
            except OSError as error:
                raise ClusterError(f"no port on loopback: {error}") from error
            cluster.publish({(name, new[name]): listeners[name].fileno() for name in new}, self._log)
            for name, listener in listeners.items():
                host, port = listener.getsockname()
                self.addresses[name] = f"{host}:{port}"
