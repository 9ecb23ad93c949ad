"""What is left of a sandbox when one of its processes is killed: nothing, whichever it was."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from harness.cluster.ledger import Ledger
from harness.cluster.spec import Spec
from harness.cluster.wait import wait_until
from harness.errors import ClusterError

COMMAND = """
import socket, sys
from pathlib import Path
from harness.cluster.control import Control
folder = Path(sys.argv[1])
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
control = Control(theirs, folder / "metrics.jsonl", folder / "logs" / "supervisor.log", str(folder), print)
theirs.close()
control.ask("network", names=["node"])
spec = {"name": "node", "run": ["sleep", "600"], "log": str(folder / "node.log"), "place": "node", "role": "harness"}
control.ask("start", specs=[spec])
print("ready", flush=True)
ours.recv(1 << 20)
while ours.recv(1 << 20): pass
"""

pytestmark = pytest.mark.cluster


@pytest.fixture
def command(tmp_path):
    (tmp_path / "logs").mkdir()
    program = [sys.executable, "-c", COMMAND, str(tmp_path)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout.readline() == b"ready\n"
    yield process, Ledger(str(tmp_path))
    process.kill()
    process.wait()
    process.stdout.close()


def kin_of(process):
    """Launcher, supervisor, zygote, node: the command's descendants, as the machine sees them."""
    return psutil.Process(process.pid).children(recursive=True)


def test_a_run_has_a_launcher_a_supervisor_a_zygote_and_its_nodes(command):
    process, ledger = command
    wait_until("four of them", lambda: len(kin_of(process)) == 4 == len(ledger.left_behind()), 10)


@pytest.mark.parametrize("victim", ["command", "launcher", "supervisor", "zygote", "group"])
def test_killing_any_one_process_leaves_nothing(command, victim):
    process, ledger = command
    launcher, supervisor, zygote, *_ = kin_of(process)
    if victim == "group":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        pid = {"command": process.pid, "launcher": launcher.pid, "supervisor": supervisor.pid, "zygote": zygote.pid}
        os.kill(pid[victim], signal.SIGKILL)
    wait_until("nothing left", lambda: not ledger.left_behind(), 5, last_seen=lambda: str(ledger.left_behind()))


def test_a_supervisor_whose_command_hangs_up_ends(box):
    assert {name.partition(":")[0] for name in box.control.ledger.namespaces} >= {"pid", "mnt", "net"}
    box.control.quit()
    assert box.control.ledger.left_behind() == []


def test_asking_a_supervisor_that_is_gone_says_so(box):
    supervisor = next(p for p in psutil.Process().children(recursive=True) if p.ppid() != os.getpid())
    supervisor.kill()
    wait_until("the command notices", lambda: box.reasons, 5)
    with pytest.raises(ClusterError, match="the supervisor ended unasked"):
        box.control.ask("running")


def test_a_node_that_dies_unasked_tells_why(box):
    log = box.folder / "logs" / "node.log"
    box.control.ask("network", names=["node"])
    run = ("sh", "-c", "echo one; echo no room in the ark >&2; exit 3")
    box.control.ask("start", specs=[Spec("node", run, str(log), "node", "harness").to_json()])
    wait_until("the exit", lambda: box.heard("node", "exit"), 5)
    (exit_op,) = box.heard("node", "exit")
    assert exit_op.value["status"] == 3
    assert not exit_op.value["asked"]
    assert "node exited with 3 after" in exit_op.error
    assert f"no room in the ark; all of it in {log}" in exit_op.error


def test_a_node_that_was_told_to_end_has_no_epitaph(box):
    box.control.ask("network", names=["node"])
    spec = Spec("node", ("sleep", "600"), str(box.folder / "node.log"), "node", "harness")
    box.control.ask("start", specs=[spec.to_json()])
    box.control.ask("signal", names=["node"], signals=["KILL"])
    wait_until("the exit", lambda: box.heard("node", "exit"), 5)
    (exit_op,) = box.heard("node", "exit")
    assert (exit_op.value["status"], exit_op.value["asked"], exit_op.error) == (-9, True, None)


def test_a_paused_node_is_seen_paused_until_it_goes_on(box):
    box.control.ask("network", names=["node"])
    spec = Spec("node", ("sleep", "600"), str(box.folder / "node.log"), "node", "harness")
    box.control.ask("start", specs=[spec.to_json()])
    for name, is_paused in (("STOP", True), ("CONT", False)):
        box.control.ask("signal", names=["node"], signals=[name])
        wait_until(name, lambda wanted=is_paused: box.control.ask("process", name="node")["paused"] == wanted, 5)
    wait_until("both signals told", lambda: len(box.heard("node", "signal")) == 2, 5)
    assert [op.value["signal"] for op in box.heard("node", "signal")] == ["STOP", "CONT"]


def test_a_node_started_twice_is_refused_and_again_after_its_end_is_its_next_incarnation(box):
    box.control.ask("network", names=["node"])
    spec = Spec("node", ("sleep", "600"), str(box.folder / "node.log"), "node", "harness").to_json()
    box.control.ask("start", specs=[spec])
    with pytest.raises(ClusterError, match="node runs already"):
        box.control.ask("start", specs=[spec])
    box.control.ask("signal", names=["node"], signals=["KILL"])
    wait_until("the end", lambda: not box.control.ask("process", name="node")["running"], 5)
    box.control.ask("start", specs=[spec])
    wait_until("both starts", lambda: len(box.heard("node", "start")) == 2, 5)
    assert [op.value["incarnation"] for op in box.heard("node", "start")] == [1, 2]


def test_names_of_nodes_resolve_and_the_machines_own_network_is_not_there(box):
    log = box.folder / "logs" / "node.log"
    box.control.ask("network", names=["node", "other"])
    run = (
        sys.executable,
        "-c",
        "import socket; print(socket.gethostbyname('other'), [n for _, n in socket.if_nameindex()])",
    )
    box.control.ask("start", specs=[Spec("node", run, str(log), "node", "harness").to_json()])
    wait_until("the exit", lambda: box.heard("node", "exit"), 5)
    assert log.read_text() == "10.42.0.1 ['lo', 'eth0']\n"


def test_a_refused_namespace_is_one_clear_line(tmp_path):
    program = """
import sys
from harness.cluster import linux, sandbox
def refuse(flags): raise PermissionError(1, "Operation not permitted")
linux.unshare = refuse
try:
    sandbox.leave_the_machine()
except OSError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.startswith("the kernel refuses namespaces (")
    assert said.strip().endswith("in a user namespace: Operation not permitted)")


def test_nodes_started_at_once_begin_when_all_are_there_and_hear_signals_together(box):
    names = [f"node-{number}" for number in range(5)]
    box.control.ask("network", names=names)
    counted = ("sh", "-c", "ls -d ../node-*/ | wc -l; exec sleep 600")
    specs = [Spec(name, counted, str(box.folder / "logs" / f"{name}.log"), name, "harness") for name in names]
    box.control.ask("start", specs=[spec.to_json() for spec in specs])
    said = [box.folder / "logs" / f"{name}.log" for name in names]
    wait_until("all to count", lambda: all(log.exists() and log.read_text() == "5\n" for log in said), 10)
    box.control.ask("signal", names=names, signals=["STOP", "CONT", "KILL"])
    wait_until("their end", lambda: not box.control.ask("running"), 10)
    assert [op.value["signal"] for op in box.heard("node-4", "signal")] == ["STOP", "CONT", "KILL"]


def test_of_nodes_started_at_once_none_begins_where_one_runs_already(box):
    box.control.ask("network", names=["one", "two"])
    log = str(box.folder / "logs" / "node.log")
    one, two = (Spec(name, ("sleep", "600"), log, name, "harness").to_json() for name in ("one", "two"))
    box.control.ask("start", specs=[one])
    with pytest.raises(ClusterError, match="one runs already"):
        box.control.ask("start", specs=[two, one])
    assert box.control.ask("running") == ["one"]
