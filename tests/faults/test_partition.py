from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.links import one_way
from harness.faults.isolate import Isolate
from harness.faults.partition import Partition
from tests.fakes import FakeCluster

NAMES = ("etcd-1", "worker-1", "worker-2", "worker-3", "client-1")
HALVES = Partition((("worker-1", "worker-2"), ("rest",)))
ONE_WAY = Partition(from_=("worker-1",), to=("etcd-1",))


def test_rest_is_every_node_that_no_group_names():
    cluster = FakeCluster(*NAMES)
    assert HALVES.inject(cluster).outcome == "proven"
    halves = ("worker-1", "worker-2"), ("etcd-1", "worker-3", "client-1")
    assert cluster.cut_links == one_way(*halves) | one_way(*reversed(halves))
    assert HALVES.targets_in(NAMES) == ("worker-1", "worker-2")


def test_a_node_in_no_group_is_untouched():
    cluster = FakeCluster(*NAMES)
    Partition((("worker-1",), ("worker-2",), ("etcd-1",))).inject(cluster)
    assert cluster.cut_links == set(permutations(("worker-1", "worker-2", "etcd-1"), 2))


def test_one_way_cuts_that_direction_only():
    cluster = FakeCluster(*NAMES)
    assert ONE_WAY.inject(cluster).outcome == "proven"
    assert cluster.cut_links == {("worker-1", "etcd-1")}
    assert ONE_WAY.heal(cluster).outcome == "proven"


def test_a_cut_link_that_still_passes_is_named():
    cluster = FakeCluster(*NAMES)
    cluster.leaky = {("worker-2", "etcd-1")}
    proof = HALVES.inject(cluster)
    assert proof.outcome == "absent"
    assert proof.detail == "12 links cut: not within 10 s; 1 still passing: worker-2 -> etcd-1"


class LateCluster(FakeCluster):
    """So many looks at a link find nothing."""

    late = ("worker-1", "etcd-1")

    def __init__(self, looks, *names):
        super().__init__(*names)
        self._left = looks

    def passing(self, links):
        is_late = self.late in links and self._left > 0
        self._left -= is_late
        return super().passing(links) - ({self.late} if is_late else set())


def test_one_late_datagram_does_not_make_a_link_a_broken_one():
    assert HALVES.inject(LateCluster(1, *NAMES)).outcome == "proven"


def test_a_link_that_was_broken_before_proves_no_cut():
    proof = HALVES.inject(LateCluster(2, *NAMES))
    assert (proof.outcome, proof.detail) == ("absent", "was not whole before; 1 not passing: worker-1 -> etcd-1")


def test_a_one_way_cut_that_took_the_way_back_too_is_absent():
    cluster = FakeCluster(*NAMES)
    cut = cluster.cut
    cluster.cut = lambda cuts: cut((*cuts, (("etcd-1",), ("worker-1",)))) and frozenset({("worker-1", "etcd-1")})
    assert ONE_WAY.inject(cluster).outcome == "absent"


def test_the_way_back_may_be_cut_by_another_fault():
    cluster = FakeCluster(*NAMES)
    Partition(from_=("etcd-1",), to=("worker-1",)).inject(cluster)
    assert ONE_WAY.inject(cluster).outcome == "proven"


def test_links_that_another_fault_holds_prove_nothing():
    cluster = FakeCluster(*NAMES)
    HALVES.inject(cluster)
    effect = ONE_WAY.inject(cluster)
    assert (effect.outcome, effect.detail) == ("not-applicable", "other faults had cut all of these links already")
    heal = ONE_WAY.heal(cluster)
    assert (heal.outcome, heal.detail) == ("not-applicable", "other faults still cut all of these links")
    assert HALVES.heal(cluster).outcome == "proven"


def test_a_link_that_does_not_come_back_is_named():
    cluster = FakeCluster(*NAMES)
    cluster.stuck = {("worker-1", "etcd-1")}
    HALVES.inject(cluster)
    proof = HALVES.heal(cluster)
    assert proof.outcome == "absent"
    assert proof.detail == "12 links mended: not within 10 s; 1 not passing: worker-1 -> etcd-1"


@pytest.mark.parametrize("loners", [("worker-1",), ("worker-1", "worker-2"), NAMES])
def test_isolated_nodes_are_cut_from_everyone_and_from_each_other(loners):
    cluster = FakeCluster(*NAMES)
    isolate = Isolate(loners)
    isolate.inject(cluster)
    everyone = {(a, b) for a in NAMES for b in NAMES if a != b}
    assert cluster.cut_links == {link for link in everyone if set(link) & set(loners)}
    assert set(cluster.counts.values()) == {1}


FAULTS = st.lists(
    st.sampled_from([HALVES, ONE_WAY, Isolate(("worker-1",)), Isolate(("worker-2", "etcd-1"))]), max_size=5
)


@settings(deadline=None)
@given(faults=FAULTS, order=st.randoms())
def test_healing_in_any_order_restores_every_link(faults, order):
    cluster = FakeCluster(*NAMES)
    for fault in faults:
        fault.inject(cluster)
    order.shuffle(faults)
    for fault in faults:
        assert fault.heal(cluster).outcome in ("proven", "not-applicable")
    assert not cluster.cut_links
