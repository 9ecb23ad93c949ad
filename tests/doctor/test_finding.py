import json

import pytest

from harness.doctor.finding import Checkup, Finding, system_of

GOOD = Finding("namespaces", "yes", "as root", "sandboxed", True)
BAD = Finding("etcd", "no", "none", "runs are refused", True, {"debian": "d", "fedora": "f", "macos": "m"})


def test_runs_are_possible_where_all_that_is_needed_is_there():
    checkup = Checkup("debian", (GOOD, Finding("etcd", "partly", "another", is_needed=True), Finding("x", "no", "")))
    assert (checkup.missing, checkup.fabric, checkup.etcd) == ((), "namespaces", "process")


@pytest.mark.parametrize("state", ["no", "unknown"])
def test_what_is_needed_and_not_there_is_missing_and_nothing_follows(state):
    checkup = Checkup("debian", (GOOD, Finding("etcd", state, "", is_needed=True)))
    assert (checkup.missing, checkup.fabric, checkup.etcd) == (("etcd",), None, None)


def test_where_there_is_an_engine_etcd_runs_in_containers():
    assert Checkup(None, (GOOD, Finding("docker", "yes", ""))).etcd == "docker"
    assert Checkup(None, (GOOD, Finding("docker", "no", ""))).etcd == "process"


@pytest.mark.parametrize(
    ("system", "remedies"),
    [
        ("debian", {"debian": "d"}),
        ("ubuntu", {"ubuntu": "d"}),
        ("macos", {"macos": "m"}),
        (None, {"debian": "d", "fedora": "f", "macos": "m"}),
    ],
)
def test_the_remedies_are_those_of_this_system_and_all_where_that_is_not_known(system, remedies):
    assert Checkup(system, ()).remedies(BAD) == remedies


def test_ubuntu_has_its_own_remedy_where_there_is_one():
    found = Finding("tc netem", "no", "", remedy={"debian": "d", "ubuntu": "u"})
    assert Checkup("ubuntu", ()).remedies(found) == {"ubuntu": "u"}


def test_what_has_no_remedy_shows_none():
    assert Checkup("debian", ()).remedies(GOOD) == {}


def test_the_json_is_one_line_and_holds_every_remedy():
    text = Checkup("debian", (GOOD, BAD)).to_json()
    row = json.loads(text)
    assert "\n" not in text
    assert {key: row[key] for key in ("ready", "missing", "system", "fabric", "etcd", "next")} == {
        "ready": False,
        "missing": ["etcd"],
        "system": "debian",
        "fabric": None,
        "etcd": None,
        "next": None,
    }
    assert row["findings"][1] == {
        "name": "etcd",
        "state": "no",
        "fact": "none",
        "consequence": "runs are refused",
        "is_needed": True,
        "remedy": {"debian": "d", "fedora": "f", "macos": "m"},
    }


@pytest.mark.parametrize(
    ("kind", "release", "system"),
    [
        ("linux", {"ID": "debian"}, "debian"),
        ("linux", {"ID": "raspbian", "ID_LIKE": "debian"}, "debian"),
        ("linux", {"ID": "ubuntu", "ID_LIKE": "debian"}, "ubuntu"),
        ("linux", {"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "ubuntu"),
        ("linux", {"ID": "fedora"}, "fedora"),
        ("linux", {"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "fedora"),
        ("linux", {"ID": "arch"}, None),
        ("linux", {}, None),
        ("darwin", {}, "macos"),
    ],
)
def test_a_system_is_known_by_its_name_and_by_what_it_is_like(kind, release, system):
    assert system_of(kind, release) == system
