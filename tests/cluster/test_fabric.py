import subprocess
import sys

import pytest

from harness.core.links import one_way, reverse
from harness.errors import ClusterError

pytestmark = pytest.mark.cluster

NODES = ["etcd-1", "worker-1", "worker-2", "client-1"]
EVERY_LINK = one_way(NODES, NODES)


@pytest.fixture
def fabric(box):
    box.control.ask("network", names=NODES)

    class Fabric:
        def cut(self, links):
            return self._ask("cut", links)

        def mend(self, links):
            return self._ask("mend", links)

        def lost(self):
            return EVERY_LINK - self._ask("passing", EVERY_LINK)

        def _ask(self, do, links):
            return {tuple(link) for link in box.control.ask(do, links=sorted(links))}

    return Fabric()


def test_everybody_reaches_everybody(fabric):
    assert fabric.lost() == set()


def test_a_directed_cut_loses_that_direction_only(fabric):
    link = ("worker-1", "etcd-1")
    assert fabric.cut([link]) == {link}
    assert fabric.lost() == {link}


def test_a_partition_loses_just_the_links_between_its_groups(fabric):
    links = one_way(["worker-1"], ["etcd-1", "client-1"]) | one_way(["etcd-1", "client-1"], ["worker-1"])
    fabric.cut(links)
    assert fabric.lost() == links


def test_overlapping_cuts_heal_on_their_own(fabric):
    first, second = (one_way([name], NODES) | one_way(NODES, [name]) for name in ("worker-1", "worker-2"))
    fabric.cut(first)
    assert fabric.cut(second) == second - first
    assert fabric.mend(first) == first - second
    assert fabric.lost() == second
    assert fabric.mend(second) == second
    assert fabric.lost() == set()


def test_a_one_way_cut_is_mended_one_way(fabric):
    there = one_way(["worker-1"], ["etcd-1", "client-1"])
    fabric.cut(there | {reverse(link) for link in there})
    fabric.mend(there)
    assert fabric.lost() == {reverse(link) for link in there}


def test_mending_what_is_not_cut_is_refused(fabric):
    with pytest.raises(ClusterError, match="worker-1 -> etcd-1 is not cut"):
        fabric.mend([("worker-1", "etcd-1")])


def test_a_thousand_namespaces_all_reach_etcd_and_back(box):
    names = ["etcd-1", *(f"worker-{number}" for number in range(1, 1001))]
    box.control.ask("network", names=names)
    links = [("etcd-1", name) for name in names[1:]] + [(name, "etcd-1") for name in names[1:]]
    assert len(box.control.ask("passing", links=links)) == 2000


ADOPTING = """
import os
from harness.cluster import linux, sandbox
sandbox.leave_the_machine()
from harness.cluster.fabric import Fabric
from harness.cluster.wait import wait_until
fabric = Fabric()
fabric.add(["a", "b"])
there, back = ("a", "b"), ("b", "a")
def both_pass():
    wait_until("both links", lambda: len(fabric.passing([there, back])) == 2, 10)
def passes(link):
    try:
        return bool(fabric.passing([link]))
    except OSError:
        return False
both_pass()
open_before = len(os.listdir("/proc/self/fd"))
try:
    fabric.adopt("a", os.open("/dev/null", os.O_RDONLY))
except OSError as error:
    print(error.strerror)
print(passes(there), passes(back), len(os.listdir("/proc/self/fd")) - open_before)
here = os.open("/proc/self/ns/net", os.O_RDONLY)
linux.unshare(linux.CLONE_NEWNET)
new = os.open("/proc/self/ns/net", os.O_RDONLY)
linux.enter_network(here)
fabric.adopt("a", new)
both_pass()
"""


def test_a_node_that_could_not_be_moved_is_cut_off_until_it_can_be():
    done = subprocess.run([sys.executable, "-c", ADOPTING], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["setns: Invalid argument", "False False 0"]
