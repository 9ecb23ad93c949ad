import pytest

from harness.cluster.etcd_server import ProcessRuntime, arguments, endpoints, find_binary, version_of
from harness.core.plan import Etcd
from harness.errors import ClusterError, InputError


def program(folder, text):
    path = folder / "etcd"
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_packaged_binary_is_found_and_tells_its_version(tmp_path):
    runtime = ProcessRuntime(Etcd())
    assert runtime.name == "process"
    assert runtime.version.split(".")[0] == "3"
    assert runtime.spec("etcd-1", tmp_path).run[1] == "--name=etcd-1"


def test_a_binary_that_a_scenario_names_is_used(tmp_path):
    own = program(tmp_path, "#!/bin/sh\necho 'etcd Version: 9.9.9'\n")
    assert find_binary(str(own)) == own
    assert ProcessRuntime(Etcd(binary=str(own))).version == "9.9.9"


def test_a_binary_that_is_not_there_is_wrong_input():
    with pytest.raises(InputError, match="/no/such/etcd is not a program that can be run"):
        find_binary("/no/such/etcd")


def test_a_binary_that_fails_says_what_it_said(tmp_path):
    with pytest.raises(ClusterError, match=r"etcd does not start: .*exit status 4, 'no luck today'"):
        version_of(program(tmp_path, "#!/bin/sh\necho no luck today >&2\nexit 4\n"))


def test_a_binary_that_does_not_answer_is_told_in_words(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.cluster.etcd_server._VERSION_S", 0.2)
    with pytest.raises(ClusterError, match=r"etcd does not start: .*/etcd --version: no answer within 0.2 s$"):
        version_of(program(tmp_path, "#!/bin/sh\nexec sleep 60\n"))


def test_what_a_binary_says_may_be_no_text(tmp_path):
    with pytest.raises(ClusterError, match="is no etcd"):
        version_of(program(tmp_path, "#!/bin/sh\nprintf '\\377'\n"))


def test_a_binary_that_is_no_program_says_so(tmp_path):
    with pytest.raises(ClusterError, match=r"etcd does not start: .*Exec format error"):
        version_of(program(tmp_path, "\x7fELF not really"))


def test_a_program_that_is_no_etcd_is_refused(tmp_path):
    with pytest.raises(ClusterError, match="is no etcd: --version says 'redis 7'"):
        version_of(program(tmp_path, "#!/bin/sh\necho redis 7\n"))


def test_timers_are_tuned_unless_the_scenario_wants_the_default_ones():
    assert "--election-timeout=100" in arguments(Etcd(), "etcd-1")
    assert not [flag for flag in arguments(Etcd(timers="default"), "etcd-1") if "election" in flag]


def test_endpoints_name_every_member():
    assert endpoints(Etcd(members=("etcd-1", "etcd-2"))) == "http://etcd-1:2379,http://etcd-2:2379"
