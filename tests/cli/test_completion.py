"""What a shell is told to offer: the words are those of a command line, the classes click's."""

import os

import pytest
from click.shell_completion import get_completion_class

from harness.cli import harness, main
from harness.daemon.place import Place
from harness.faults import FAULTS
from harness.packaged import scenarios
from tests.cli.answering import killed

NODES = ["etcd-1", "worker-1", "worker-2", "client-1", "user-1"]


@pytest.fixture
def offered(clusters, tmp_path, monkeypatch):
    """
    What is offered for a line, of which the last word is being typed. Two clusters are there: dev, of one worker fewer
    than big.
    """
    killed("dev", nodes=[node for node in NODES if node != "worker-2"])
    killed("big", nodes=NODES)
    monkeypatch.chdir(tmp_path)

    def offer(line):
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        shell = get_completion_class("bash")(harness, {}, "harness", "_HARNESS_COMPLETE")
        return [item.split(",", 1)[1] for item in shell.complete().splitlines()]

    return offer


def test_commands_are_offered(offered):
    assert {"up", "down", "status", "inject", "heal", "exec"} <= {*offered("harness ")}
    assert offered("harness in") == ["inject"]


def test_faults_are_offered_where_one_is_named(offered):
    assert offered("harness inject ") == list(FAULTS)
    assert offered("harness inject pa") == [name for name in FAULTS if name.startswith("pa")]


def test_behind_a_fault_nodes_are_offered_and_the_words_that_stand_for_some(offered):
    nodes = ["etcd-1", "worker-1", "client-1", "user-1"]
    assert offered("harness inject pause ") == [*nodes, "rest", "any", "all", "leader"]
    assert offered("harness inject partition worker-1 r") == ["rest"]


def test_after_a_comma_the_next_of_several_is_offered(offered):
    assert offered("harness inject pause worker-1,cl") == ["worker-1,client-1"]
    assert offered("harness inject pause worker-1,client-1,etc") == ["worker-1,client-1,etcd-1"]


def test_nodes_are_those_of_the_cluster_that_the_line_names(offered, monkeypatch):
    assert offered("harness logs worker") == ["worker-1"]
    assert offered("harness logs --name big worker") == ["worker-1", "worker-2"]
    monkeypatch.setenv("HARNESS_NAME", "big")
    assert offered("harness logs worker") == ["worker-1", "worker-2"]
    assert offered("harness logs --name dev worker") == ["worker-1"]


@pytest.mark.parametrize("command", ["status", "down", "heal", "join", "ring", "where", "env", "logs", "exec", "up"])
def test_clusters_are_offered_where_one_is_named(offered, command):
    assert offered(f"harness {command} --name ") == ["big", "dev"]
    assert offered(f"harness {command} --name d") == ["dev"]


@pytest.mark.parametrize("command", ["exec", "decommission"])
def test_nodes_are_offered_where_one_is_named(offered, command):
    assert offered(f"harness {command} wor") == ["worker-1"]


def test_scenarios_are_offered_with_the_files_that_are_here(offered, tmp_path):
    (tmp_path / "scenarios").mkdir()
    for name in ("mine.yaml", "scenarios/own.yaml", "notes.txt"):
        (tmp_path / name).touch()
    found = offered("harness up ")
    assert {*scenarios(), "mine.yaml", "scenarios/own.yaml"} == {*found}
    assert offered("harness up min") == ["mine.yaml"]


@pytest.mark.parametrize("name", ["nobody", "../x"])
def test_of_a_cluster_that_there_is_not_no_nodes_are_offered(offered, name):
    assert offered(f"harness logs --name {name} w") == []


def test_where_nobody_can_look_nothing_is_offered(offered, clusters):
    clusters.chmod(0o777)
    assert offered("harness logs w") == []
    assert offered("harness logs --name ") == []


def test_a_cluster_that_is_about_to_start_has_no_nodes_yet(offered):
    lock = Place.of("new").claim()
    assert offered("harness logs --name n") == ["new"]
    assert offered("harness logs --name new w") == []
    os.close(lock)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_is_told_to_ask_the_harness(shell, capsys):
    assert main(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert f"_HARNESS_COMPLETE={shell}_complete" in out
    assert "harness" in out


def test_another_shell_is_told_with_those_that_there_are(capsys):
    assert main(["completion", "tcsh"]) == 254
    assert "it is bash, zsh, fish." in capsys.readouterr().err
