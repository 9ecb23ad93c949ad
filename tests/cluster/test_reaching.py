"""From outside into a real sandbox: ports that are published, pids as this machine has them, the way into a node."""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

from harness.cluster.sandbox import HARNESS_PLACE
from harness.cluster.serving import DESCRIPTORS_MAX
from harness.cluster.spec import Spec
from harness.errors import ClusterError
from tests.conftest import eventually
from tests.meta.source import ROOT

pytestmark = pytest.mark.cluster

SERVES = """
import socket, sys, threading
lines = [socket.create_server(("0.0.0.0", int(port)), backlog=300) for port in sys.argv[2:]]
def serve(listener, port):
    while True:
        line, _ = listener.accept()
        with line:
            line.sendall(f"{sys.argv[1]} {port}".encode())
for listener, port in zip(lines, sys.argv[2:]):
    threading.Thread(target=serve, args=(listener, port)).start()
print("serves", flush=True)
"""


@pytest.fixture
def nodes(box):
    """Two in the network; a program serves in each, at ports 7001 and 7002."""
    names = ["node-1", "node-2"]
    box.control.ask("network", names=[HARNESS_PLACE, *names])
    logs = {name: box.folder / "logs" / f"{name}.log" for name in names}
    programs = [
        Spec(name, ("python3", "-c", SERVES, name, "7001", "7002"), str(logs[name]), name, name) for name in names
    ]
    box.control.ask("start", specs=[program.to_json() for program in programs])
    eventually(lambda: all(log.is_file() and "serves" in log.read_text() for log in logs.values()), "both to serve")
    return box


def said_at(address):
    with socket.create_connection(address, timeout=30) as line:
        return line.makefile().read()


def test_each_port_leads_to_its_own_node_and_there_may_be_more_than_the_kernel_takes_at_once(nodes):
    doors = [(f"node-{n % 2 + 1}", 7001 + n % 3 % 2) for n in range(DESCRIPTORS_MAX + 3)]
    log = nodes.folder / "logs" / "publisher.log"
    with ExitStack() as closed:
        listeners = [closed.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in doors]
        addresses = [listener.getsockname() for listener in listeners]
        nodes.control.publish(doors, [listener.fileno() for listener in listeners], log)
    some = [0, 1, 2, 3, DESCRIPTORS_MAX - 1, DESCRIPTORS_MAX, DESCRIPTORS_MAX + 2]
    assert [said_at(addresses[n]) for n in some] == [f"{doors[n][0]} {doors[n][1]}" for n in some]


def test_a_port_of_a_node_that_there_is_not_is_refused_and_takes_nobody_elses(nodes):
    log = nodes.folder / "logs" / "publisher.log"
    with socket.create_server(("127.0.0.1", 0)) as lost, socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(ClusterError, match="publish: 'node-9'"):
            nodes.control.publish([("node-9", 7001)], [lost.fileno()], log)
        nodes.control.publish([("node-2", 7001)], [listener.fileno()], log)
        address = listener.getsockname()
    assert said_at(address) == "node-2 7001"


def test_pids_are_told_as_this_machine_has_them(nodes):
    (op,) = nodes.heard("node-1", "start")
    outside = nodes.control.pids_outside()[op.value["pid"]]
    with open(f"/proc/{outside}/cmdline") as line:
        assert line.read().split("\0")[3:6] == ["node-1", "7001", "7002"]
    assert len({*nodes.control.pids_outside().values()}) == len(nodes.control.pids_outside())


INSIDE = """
import json, os, socket, sys
from harness.cli.inside import _enter
_enter([*map(int, sys.argv[1:])])
if os.fork() == 0:
    with socket.create_connection(("node-2", 7001), timeout=30) as line:
        said = line.makefile().read()
    with socket.socket() as own:
        own.bind((socket.gethostbyname("node-2"), 0))  # an address of this network alone
    print(json.dumps([said, os.path.isdir("/ufs"), os.path.exists(f"/proc/{os.getpid()}")]))
else:
    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_whoever_enters_is_where_the_node_is_with_the_clusters_names_and_files(nodes):
    before = set(os.listdir("/proc/self/fd"))
    held = nodes.control.namespaces_of("node-2")
    descriptors = [held[kind] for kind in ("user", "mnt", "pid", "net")]
    command = [sys.executable, "-c", INSIDE, *map(str, descriptors)]
    done = subprocess.run(command, cwd=ROOT, pass_fds=descriptors, stdout=subprocess.PIPE, check=True)
    assert json.loads(done.stdout) == ["node-2 7001", True, True]
    for descriptor in descriptors:
        os.close(descriptor)
    assert set(os.listdir("/proc/self/fd")) == before


def test_into_a_node_that_there_is_not_nobody_gets_and_nothing_stays_open(nodes):
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(ClusterError, match="network_of: 'node-9'"):
        nodes.control.namespaces_of("node-9")
    assert set(os.listdir("/proc/self/fd")) == before
