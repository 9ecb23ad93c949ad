import pytest

from harness.dora.settings import Settings, part_of
from harness.dora.worker import Worker
from harness.errors import InputError

FILE = "alluxio.worker.identity.uuid.file.path"


def settings(**row):
    return Settings.of({"name": "worker-1", "conf": None, **row})


def test_a_single_property_wins_over_the_file(tmp_path):
    conf = tmp_path / "a.properties"
    conf.write_text("alluxio.cluster.name=a\nalluxio.worker.rpc.port=1\n")
    properties = settings(conf=str(conf), properties={"alluxio.cluster.name": "b"}).properties
    assert (properties.text("alluxio.cluster.name"), properties.int("alluxio.worker.rpc.port")) == ("b", 1)


@pytest.mark.parametrize(
    ("home", "given", "where"),
    [
        ("/home", {}, "/home/worker_identity"),
        ("/home", {FILE: "mine"}, "/home/mine"),
        ("/home", {FILE: "/etc/mine"}, "/etc/mine"),
        (None, {}, "/mnt/alluxio/system-info/worker_identity"),
        (None, {FILE: "/etc/mine"}, "/etc/mine"),
    ],
)
def test_the_identity_file_lies_in_the_home_unless_it_is_set(home, given, where):
    assert str(settings(home=home, properties=given).identity_file) == where


@pytest.mark.parametrize(("ttl", "timeout_s"), [("1s", 1), ("4s", 2), ("2m", 5)])
def test_a_call_to_etcd_may_take_half_a_ttl_within_reason(ttl, timeout_s):
    properties = {"alluxio.worker.failure.detection.timeout": ttl}
    assert settings(properties=properties).etcd_timeout_s == timeout_s


def test_no_part_is_the_part_itself():
    assert part_of(None, Worker) is Worker


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("nowhere.py:Broken", "names no class"),
        ("Broken", "names no class"),
        ("{}:Missing", "has no class 'Missing'"),
        ("{}:Stranger", "has no class 'Stranger' made from Worker"),
    ],
)
def test_a_part_that_is_not_there_is_wrong_input(tmp_path, spec, why):
    file = tmp_path / "animals.py"
    file.write_text("class Stranger: pass\n")
    with pytest.raises(InputError, match=why):
        part_of(spec.format(file), Worker)
