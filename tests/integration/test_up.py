"""A cluster that stays: up, faults, questions, programs inside of it, down."""

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from harness.cluster.engine import Engine
from harness.cluster.wait import wait_until
from tests.clients.installed import NotInstalledError, interpreter_in
from tests.integration.desk import Desk, daemon_of

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

ETCDCTL = ["etcdctl", "get", "--prefix", "--keys-only", "/"]


def in_a_terminal_that_is_closed(desk, *words):
    """What the command says on a terminal of its own, which is then gone, and with it all that hears of that."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(desk.folder)
        os.execve("/bin/sh", ["sh", "-c", '"$@"; read line', "sh", *desk.words(*words)], desk.environment)
    said = b""
    while b"harness down" not in said:
        said += os.read(terminal, 4096)
    os.close(terminal)
    os.waitpid(pid, 0)
    return said.decode()


def test_two_clusters_stay_when_their_terminals_close_and_do_not_meet(desk):
    for name in ("a", "b"):
        told = in_a_terminal_that_is_closed(desk, "up", "--name", name, "--etcd", "process", "--workers", "2")
        assert f"{name} is up in" in told
    assert desk("inject", "--name", "a", "isolate", "worker-1").startswith("#1 isolate worker-1: proven in ")
    assert desk("inject", "--name", "a", "pause", "worker-2", "--for", "1m").startswith("#2 pause worker-2: proven in ")
    desk.until("worker-1 offline in a", lambda: desk.node("a", "worker-1")["state"] == "offline")
    a, b = desk.status("a"), desk.status("b")
    assert [fault["told"] for fault in a["faults"]] == ["isolate worker-1", "pause worker-2"]
    assert (a["faults"][0]["heals_in_s"], b["faults"]) == (None, [])
    assert [(row["state"], row["process"]) for row in b["nodes"] if row["node"].startswith("worker")] == [
        ("online", "running")
    ] * 2
    assert desk("down", "--name", "a").startswith("a is down: nothing left behind")
    assert desk("status", "--name", "b").startswith("b   up ")
    assert desk("down", "--name", "b").startswith("b is down: nothing left behind")


def test_what_is_published_is_reached_from_outside_and_what_is_inside_by_its_name(desk):
    told = desk.up("a")
    doors = {row["node"]: row["door"] for row in told["nodes"] if row["door"]}
    assert set(doors) == {"etcd-1", "worker-1", "worker-2", "worker-3"}
    for worker in ("worker-1", "worker-3"):
        with urllib.request.urlopen(f"http://{doors[worker]}/v1/health") as answer:
            assert json.load(answer)["id"].startswith("worker-")
    listed = in_a_shell(desk, f'eval "$({shlex.join(desk.words("env", "--name", "a"))})"; {shlex.join(ETCDCTL)}')
    inside = desk("exec", "--name", "a", "--", *ETCDCTL)
    assert inside == listed
    assert listed.count("AUTHORIZED") == 3
    assert desk("exec", "--name", "a", "worker-2", "--", "sh", "-c", "cat /proc/net/fib_trie").count("10.42.0.3") > 0
    desk("inject", "--name", "a", "isolate", "user-1")
    desk("exec", "--name", "a", "--", *ETCDCTL, "--dial-timeout=200ms", "--command-timeout=500ms", code=1)
    desk("heal", "--name", "a")
    desk("exec", "--name", "a", "--", "sh", "-c", "exit 7", code=7)
    desk("exec", "--name", "a", "--", "sh", "-c", "kill -TERM $$", code=143)
    desk("down", "--name", "a")


def in_a_shell(desk, script):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**desk.environment, "PATH": path}
    done = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_faults_heal_by_themselves_by_number_and_all_at_once_and_it_is_judged_so_far(desk_of_mine):
    desk = desk_of_mine
    desk.up("a", "--workers", "3")
    assert desk("heal", "--name", "a") == "nothing is open\n"
    desk("inject", "--name", "a", "pause", "worker-1", "--for", "300ms")
    desk.until("its end", lambda: not desk.status("a")["faults"])
    assert desk("heal", "--name", "a", "1") == "#1 pause worker-1: was healed already\n"
    told = desk("inject", "--name", "a", "pause", "worker-1,worker-2")
    assert re.match(r"#2 pause worker-1 worker-2: proven in .*, until harness heal\n", told)
    assert "is held by pause (#2)" in desk("inject", "--name", "a", "restart", "worker-2", code=254)
    told = desk("inject", "--name", "a", "partition", "worker-3", "rest")
    assert told.startswith("#3 partition worker-3 | rest: proven in ")
    assert "nobody can join while partition (#3)" in desk("join", "--name", "a", code=254)
    assert desk("heal", "--name", "a", "3").startswith("#3 partition worker-3 | rest: healed, proven in ")
    assert desk("heal", "--name", "a").startswith("#2 pause worker-1 worker-2: healed, proven in ")
    assert "#4 join worker-4: proven in " in desk("join", "--name", "a")
    assert desk.node("a", "worker-4")["door"]
    assert desk("decommission", "--name", "a", "worker-4").startswith("#5 decommission worker-4 (TERM): proven in ")
    assert desk.node("a", "worker-4")["state"] == "removed"
    assert desk("inject", "--name", "a", "kill", "worker-1").startswith("#6 kill worker-1: proven in ")
    assert desk("heal", "--name", "a") == "#6 kill worker-1: stays; harness heal 6 undoes it\n"
    assert desk("heal", "--name", "a", "6").startswith("#6 kill worker-1: healed, proven in ")
    result = json.loads(desk("check", "--name", "a", "--json"))
    assert {row["name"]: row["outcome"] for row in result["invariants"]}["one-live-process"] == "valid"
    assert {"name": "nothing-left-behind", "reason": "it runs still"} in result["not_judged"]
    assert not [row for row in result["invariants"] if row["outcome"] == "violated"]
    desk("down", "--name", "a")
    scenario = next((desk.folder / "runs").glob("a-*")) / "scenario.yaml"
    told = ["pause", "pause", "partition", "join", "decommission", "kill"]
    assert [step["fault"] for step in json.loads(desk("plan", str(scenario), "--json"))["steps"]] == told


def test_whose_a_key_is_etcd_and_clients_say_alike(desk_of_mine):
    desk = desk_of_mine
    desk.up("a", "--workers", "3")
    key = "file:///ufs/key-00001"
    desk.until("a view", lambda: desk.node("a", "client-1")["view"]["online"] == 3)
    told = json.loads(desk("where", "--name", "a", key, "--json"))
    owner, *others = told["candidates"]
    assert told["clients"]["client-1"]["owner"] == owner
    assert sorted([owner, *others]) == ["worker-1", "worker-2", "worker-3"]
    shares = json.loads(desk("ring", "--name", "a", "--json"))["workers"]
    assert sum(row["owns"] for row in shares) == pytest.approx(1)
    desk("inject", "--name", "a", "kill", owner)
    desk.until(
        "a new owner", lambda: owner not in json.loads(desk("where", "--name", "a", key, "--json"))["candidates"]
    )
    assert json.loads(desk("where", "--name", "a", key, "--json"))["candidates"][0] == others[0]
    desk("down", "--name", "a")


COMPLETE = """
eval "$("$@" completion bash)"
tried() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _harness_completion harness "${COMP_WORDS[COMP_CWORD]}"
    echo "${COMPREPLY[@]}"
}
"""


def test_a_shell_completes_nodes_faults_scenarios_and_clusters(desk_of_mine):
    desk = desk_of_mine
    desk.up("a", "--workers", "2")
    (desk.folder / "mine.yaml").write_text("steps: []")
    (desk.folder / "harness").write_text(f'#!/bin/sh\nexec {shlex.join(desk.words())} "$@"\n')
    (desk.folder / "harness").chmod(0o755)
    tries = {
        "harness inj": "inject",
        "harness inject pa": "partition pause",
        "harness inject --name a pause work": "worker-1 worker-2",
        "harness inject --name a partition worker-1,wor": "worker-1,worker-2",
        "harness run mi": "mine.yaml",
        "harness up partit": "partition",
        "harness logs --name a etc": "etcd-1",
        "harness down --name ''": "a",
    }
    script = COMPLETE + "".join(f"tried {words}\n" for words in tries)
    environment = {**desk.environment, "PATH": f"{desk.folder}:{os.environ['PATH']}"}
    words = ["bash", "--norc", "-c", script, "bash", str(desk.folder / "harness")]
    said = subprocess.run(words, cwd=desk.folder, env=environment, capture_output=True, text=True, check=True).stdout
    assert dict(zip(tries, said.splitlines(), strict=True)) == tries
    desk("down", "--name", "a")


def test_the_package_of_pypi_reads_through_the_cluster(desk_of_mine, tmp_path_factory):
    desk, own = desk_of_mine, tmp_path_factory.getbasetemp()
    try:
        python = interpreter_in(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)
    except NotInstalledError as error:
        if "HARNESS_REQUIRE_PYPI" in os.environ:
            raise
        pytest.skip(f"PyPI is out of reach: {error}")
    (desk.folder / "read.py").write_text(
        "from alluxio import AlluxioFileSystem\n"
        'options = {"alluxio.user.consistent.hash.virtual.node.count.per.worker": "2000"}\n'
        'print(len(AlluxioFileSystem(etcd_hosts="etcd-1", options=options).read("file:///ufs/key-00001")))\n'
    )
    desk.up("a")
    said = desk("exec", "--name", "a", "--", str(python), "read.py")
    told = desk("exec", "--name", "a", "--", "sh", "-c", "wc -c < /ufs/key-00001")
    assert said.splitlines()[-1] == told.strip()
    assert int(told) > 0
    desk("down", "--name", "a")


def test_etcd_in_a_container_is_reached_and_nothing_of_it_stays(tmp_path, runtime, engine):
    desk = Desk(tmp_path, runtime, etcd="docker")
    desk.up("a", "--workers", "2")
    assert desk("exec", "--name", "a", "etcd-1", "--", *ETCDCTL).count("AUTHORIZED") == 2
    desk("inject", "--name", "a", "restart", "etcd-1")
    desk.until("etcd ready", lambda: desk.node("a", "etcd-1")["state"] in ("ready", "leads"))
    desk("down", "--name", "a")
    desk.up("a", "--workers", "1")
    os.kill(daemon_of(desk), signal.SIGKILL)
    wait_until("the end of all", lambda: not desk.processes(), 30)
    desk("down", "--name", "a")
    with closing(Engine(engine)) as found:
        assert [found.containers(str(run.resolve())) for run in (tmp_path / "runs").iterdir()] == [[], []]


KEPT = """
cluster: {workers: 2, clients: 1}
workload: {keys: 10, lookups_per_s: 20, reads_per_s: 5}
steps:
  - {at: 300ms, pause: worker-1}
duration: 1s
"""


def test_a_run_stays_up_where_its_verdict_is_one_to_be_looked_into(desk_of_mine):
    desk = desk_of_mine
    (desk.folder / "my own.yaml").write_text(KEPT + "expect: {violated: [one-live-process]}")
    words = ("run", "my own.yaml", "--seed", "3", "--etcd", "process", "--time-scale", "2", "--keep", "--json")
    run = desk.start(*words)
    told, _ = run.communicate(timeout=120)
    result = json.loads(told)
    assert (run.returncode, result["as_expected"]) == ({"valid": 1, "unknown": 2}[result["outcome"]], False)
    name = "my-own-3"
    assert "is up already" in desk(*words, code=254)
    assert desk.status(name)["faults"] == []
    plan = (desk.folder / result["run_dir"] / "plan.json").read_text()
    desk("inject", "--name", name, "restart", "worker-1", "down_for=100ms")
    assert desk("exec", "--name", name, "--", *ETCDCTL).count("AUTHORIZED") == 2
    desk("inject", "--name", name, "pause", "worker-2")
    down = desk.start("down", "--name", name, "--judge", "--json")
    judged = json.loads(down.communicate(timeout=120)[0])
    assert judged["left_behind"] == []
    assert {row["name"]: row["outcome"] for row in judged["invariants"]}["nothing-left-behind"] == "valid"
    assert [fault["heal"] for fault in judged["faults"]] == ["proven"] * 3
    grown = json.loads((desk.folder / result["run_dir"] / "plan.json").read_text())
    assert (grown["time_scale"], json.loads(plan)["time_scale"]) == (2, 2)


def test_a_run_as_expected_is_stopped_unless_any_is_kept(desk_of_mine):
    desk = desk_of_mine
    (desk.folder / "mine.yaml").write_text(KEPT + "invariants: [one-live-process]\nexpect: valid")
    desk("run", "mine.yaml", "--seed", "3", "--etcd", "process", "--keep")
    assert "no cluster is called mine-3" in desk("status", "--name", "mine-3", code=254)
    desk("run", "mine.yaml", "--seed", "3", "--etcd", "process", "--keep", "always")
    desk("down", "--name", "mine-3")
