import os
import subprocess
import sys
from contextlib import closing

import pytest

from harness.cluster import leftovers
from harness.cluster.engine import COMMAND, NODE, RUN, Engine, EngineError
from harness.cluster.etcd_runtime import choose_runtime
from harness.cluster.ledger import Ledger
from harness.cluster.leftovers import remove_dead, remove_run
from harness.cluster.linux import identity_of
from harness.core.plan import Etcd
from tests.cluster.engine_double import EngineDouble

pytestmark = pytest.mark.cluster


def ended_process():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = identity_of(process.pid)
    process.communicate()
    return identity


@pytest.fixture
def containers(engine, tmp_path):
    """Makes containers of a run whose command is alive or dead; tells which of them there are."""
    image = choose_runtime(Etcd()).spec("etcd-1", tmp_path).image

    class Containers:
        def __init__(self, client):
            self._client, self._runs = client, []

        def make(self, run, command, start=False):
            self._runs.append(f"{tmp_path}/{run}")
            labels = {RUN: f"{tmp_path}/{run}", COMMAND: command, NODE: "etcd-1"}
            made = self._client.create(image, ("etcd",), labels, {}, {})
            if start:
                self._client.start(made)
            return made

        def left(self):
            return {found.id for run in self._runs for found in self._client.containers(run)}

        def clear(self):
            for container in self.left():
                self._client.remove(container)

    with closing(Engine(engine)) as client:
        made = Containers(client)
        yield made
        made.clear()


def test_a_sweep_removes_what_dead_commands_left_and_nothing_else(engine, containers):
    dead, living = ended_process(), identity_of(os.getpid())
    containers.make("one", dead)
    containers.make("two", dead, start=True)
    mine = containers.make("three", living, start=True)
    remove_dead(engine)
    assert containers.left() == {mine}


def test_a_pid_that_somebody_else_has_by_now_is_no_living_command(engine, containers):
    containers.make("one", f"{os.getpid()} 1")
    remove_dead(engine)
    assert containers.left() == set()


def test_a_container_with_another_label_than_ours_is_somebody_elses(engine, containers):
    commands = ["", "me", "1", "1 ", " 1", "1 x", "1 1 1", "\N{SUPERSCRIPT TWO} 1"]
    theirs = {containers.make(f"run-{number}", command) for number, command in enumerate(commands)}
    remove_dead(engine)
    assert containers.left() == theirs


def test_a_container_that_cannot_be_removed_is_told_and_the_engine_is_not_pestered(tmp_path, monkeypatch):
    monkeypatch.setattr(leftovers, "_REMOVED_S", 0.5)
    row = {"Id": "f" * 64, "Labels": {RUN: "one", NODE: "etcd-1"}}
    with closing(EngineDouble(tmp_path / "engine.sock", lambda path: [row], lambda path: 409)) as double:
        with pytest.raises(EngineError, match="container ffffffffffff of etcd-1 can't be removed"):
            remove_run(double.url, "one")
        assert 1 <= double.count("DELETE") <= 6


def test_the_containers_of_one_run_go_and_those_of_its_neighbour_stay(engine, containers, tmp_path):
    living = identity_of(os.getpid())
    containers.make("mine", living, start=True)
    other = containers.make("mine-2", living)
    remove_run(engine, f"{tmp_path}/mine")
    assert containers.left() == {other}


def test_a_container_of_the_run_is_left_behind_and_one_of_another_run_is_not(engine, containers, tmp_path):
    container = containers.make("mine", identity_of(os.getpid()))
    assert Ledger(f"{tmp_path}/mine", engine=engine).left_behind() == [f"container {container[:12]} of etcd-1"]
    assert Ledger(f"{tmp_path}/other", engine=engine).left_behind() == []


def test_an_engine_that_is_gone_leaves_nobody_knowing(tmp_path):
    (left,) = Ledger("mine", engine=f"unix://{tmp_path}/gone.sock").left_behind()
    assert left.startswith("nobody knows which containers: the engine at ")


def test_nobody_is_known_by_the_pid_of_a_process_that_has_ended():
    ended = ended_process()
    assert identity_of(int(ended.split()[0])) != ended
    assert identity_of(os.getpid()).split()[0] == str(os.getpid())
