"""Doors of a cluster that hands its listeners to nobody; what passes through is told by the tests of the relay."""

import os
import resource
import socket
from contextlib import contextmanager
from dataclasses import replace

import pytest

from harness.core.plan import Etcd
from harness.daemon.doors import Doors
from harness.errors import ClusterError
from tests.checks.telling import PLAN

HERE = replace(
    PLAN,
    etcd=Etcd(("etcd-1", "etcd-2")),
    users=("user-1",),
    properties={**PLAN.properties, "alluxio.worker.http.server.port": "31000"},
)


class Publisher:
    """`handed` are the ports of each time, by node and by door; it keeps the listeners, as a relay does."""

    def __init__(self):
        self.handed, self.kept, self.refuses = [], [], False

    def publish(self, doors, log):
        if self.refuses:
            raise ClusterError("the supervisor is gone")
        self.handed.append(dict(doors))
        self.kept += [socket.socket(fileno=os.dup(listener)) for listener in doors.values()]

    def close(self):
        for listener in self.kept:
            listener.close()


@pytest.fixture
def publisher():
    publisher = Publisher()
    yield publisher
    publisher.close()


def test_etcd_and_workers_have_doors_and_nobody_else(publisher, tmp_path):
    doors = Doors(tmp_path / "log")
    doors.open_all(HERE, publisher)
    assert {*publisher.handed[0]} == {
        ("etcd-1", 2379),
        ("etcd-2", 2379),
        ("worker-1", 31000),
        ("worker-2", 31000),
        ("worker-3", 31000),
    }
    assert {*doors.addresses} == {node for node, _ in publisher.handed[0]}
    assert len({*doors.addresses.values()}) == 5


def test_what_was_handed_in_is_what_listens_at_the_address_that_is_told(publisher, tmp_path):
    doors = Doors(tmp_path / "log")
    doors.open_all(HERE, publisher)
    by_node = dict(zip(doors.addresses, publisher.kept, strict=True))
    assert [node for node, _ in publisher.handed[0]] == [*doors.addresses]
    host, port = doors.addresses["worker-2"].split(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        accepted, there = by_node["worker-2"].accept()
        assert there == line.getsockname()
        accepted.close()
    assert host == "127.0.0.1"


def test_the_listeners_are_held_by_whoever_they_were_handed_to_alone(publisher, tmp_path):
    doors = Doors(tmp_path / "log")
    doors.open_all(HERE, publisher)
    publisher.close()
    for address in doors.addresses.values():
        host, port = address.split(":")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), timeout=30)


def test_who_joins_gets_a_door_and_those_of_the_others_stay(publisher, tmp_path):
    doors = Doors(tmp_path / "log")
    doors.open_all(HERE, publisher)
    before = dict(doors.addresses)
    doors.open_all(replace(HERE, joiners=("worker-4",)), publisher)
    assert list(publisher.handed[1]) == [("worker-4", 31000)]
    assert {name: doors.addresses[name] for name in before} == before
    assert doors.addresses.keys() - before.keys() == {"worker-4"}
    doors.open_all(replace(HERE, joiners=("worker-4",)), publisher)
    assert len(publisher.handed) == 2


def test_where_they_cannot_be_handed_in_there_are_none_and_may_be_later(publisher, tmp_path):
    doors = Doors(tmp_path / "log")
    publisher.refuses = True
    with pytest.raises(ClusterError, match="the supervisor is gone"):
        doors.open_all(HERE, publisher)
    assert doors.addresses == {}
    publisher.refuses = False
    doors.open_all(HERE, publisher)
    assert len(doors.addresses) == 5


@contextmanager
def descriptors(number):
    """No more of them than are open, and this many."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + number, before[1]))
    try:
        held = []
        while True:
            try:
                held.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                break
        for descriptor in held[-number:]:
            os.close(descriptor)
        yield
    finally:
        for descriptor in held[:-number]:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_without_descriptors_it_is_an_error_and_none_is_lost(publisher, tmp_path):
    doors = Doors(tmp_path / "log")
    with descriptors(3):
        with pytest.raises(ClusterError, match=r"no port on loopback: .*Too many open files"):
            doors.open_all(HERE, publisher)
        for each in [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]:
            os.close(each)
    assert doors.addresses == {}
