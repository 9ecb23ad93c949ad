import json

import pytest

from harness.core.entity import decode
from harness.core.membership import bytes_of, view_of
from harness.errors import ClusterError, EntityError
from harness.faults.corrupt import EVERY_VALUE, Corrupt, value_of
from tests.fakes import FakeCluster


def test_each_value_stands_under_four_keys_of_nobody():
    cluster = FakeCluster("worker-1")
    proof = Corrupt(("empty", "binary")).inject(cluster)
    assert proof.outcome == "proven"
    assert len(cluster.texts) == 8
    assert sum(key.startswith("/alive/") for key in cluster.texts) == 4
    assert {bytes_of(text) for text in cluster.texts.values()} == {value_of("empty"), value_of("binary")}


def test_no_value_is_a_record_of_a_worker_and_each_is_rejected_under_its_own_key():
    for value in EVERY_VALUE:
        with pytest.raises(EntityError):
            decode(value_of(value))
    cluster = FakeCluster("worker-1")
    Corrupt().inject(cluster)
    kvs = [(key, bytes_of(text)) for key, text in cluster.texts.items()]
    view = view_of("c", 5, *([kv for kv in kvs if kv[0].startswith(prefix)] for prefix in cluster.prefixes))
    assert (view.members, view.rejected) == ((), tuple(sorted(cluster.texts)))


def test_a_foreign_value_is_right_json_and_a_truncated_one_is_not():
    assert json.loads(value_of("foreign"))
    with pytest.raises(json.JSONDecodeError):
        json.loads(value_of("truncated"))


def test_healing_deletes_them_and_no_other():
    cluster = FakeCluster("worker-1")
    cluster.texts["/registered/worker-7"] = "his"
    fault = Corrupt(("null",))
    fault.inject(cluster)
    assert fault.heal(cluster).outcome == "proven"
    assert cluster.texts == {"/registered/worker-7": "his"}
    assert fault.heal(cluster).outcome == "proven"


def test_values_that_etcds_log_does_not_show_are_no_effect():
    cluster = FakeCluster("worker-1")
    Corrupt(("null",)).inject(cluster)
    cluster.hidden, cluster.texts = {next(iter(cluster.texts))}, {}
    assert Corrupt(("null",)).inject(cluster).outcome == "absent"


def test_keys_that_are_there_already_are_left_alone():
    cluster = FakeCluster("worker-1")
    Corrupt(("null",)).inject(cluster)
    with pytest.raises(ClusterError, match="there already"):
        Corrupt(("null", "empty")).inject(cluster)


def test_it_holds_no_node_and_cuts_no_link():
    assert (Corrupt().targets_in(("worker-1",)), Corrupt().cuts(("worker-1",))) == ((), ())
