import pytest

from harness.checks.fold import feed
from harness.core.history import OBSERVER
from harness.report.html.activity import Activity, Stages
from harness.report.html.clock import COARSE, Clock
from tests.report.html.tales import fault
from tests.report.runs import RUN_BEGINS_S, SECOND, op, pause


def activity_of(*ops):
    clock, stages = Clock(0, 20.0, int(RUN_BEGINS_S * SECOND)), Stages()
    activity = Activity(clock, stages)
    feed(sorted(ops, key=lambda op: op.time_ns), (stages, activity))
    activity.unanswered()
    return activity


def lookup(at_s, took_s=0.1, kind="ok", number=1, who="client-1"):
    answer = {"owner": "worker-x", "revision": 1} if kind == "ok" else {}
    yield op(at_s, who, "invoke", "lookup", key="a")
    yield op(at_s + took_s, who, kind, "lookup", key="a", **answer)


def test_completions_are_counted_by_node_and_type():
    activity = activity_of(*lookup(1.0), *lookup(2.0, kind="fail"), *lookup(3.0, who="client-2"))
    counts = {name: [done.total(kind) for kind in ("ok", "fail", "info")] for name, done in activity.nodes.items()}
    assert counts == {"client-1": [1, 1, 0], "client-2": [1, 0, 0]}


def test_what_was_never_answered_is_info_where_it_began():
    activity = activity_of(op(3.0, "client-1", "invoke", "read", key="a"))
    assert dict(activity.nodes["client-1"].by_type["info"]) == {5 * 20: 1}


@pytest.mark.parametrize(("at_s", "stage"), [(1.0, "before"), (3.0, "during"), (1.95, "before"), (7.0, "after")])
def test_a_wait_belongs_to_the_stage_in_which_it_began(at_s, stage):
    waits = activity_of(*pause(0, 2.0, 5.0), *lookup(at_s)).waits["lookup"]
    assert {name for name, spread in waits.items() if spread.count} == {stage}
    assert waits[stage].largest_ns == pytest.approx(0.1 * SECOND, rel=1e-6)


def test_while_one_of_two_faults_is_open_it_is_during():
    waits = activity_of(*pause(0, 2.0, 5.0), *pause(1, 3.0, 9.0), *lookup(6.0)).waits["lookup"]
    assert waits["during"].count == 1


def test_a_procedure_is_over_when_it_is_done():
    done = fault(0, 3.0, "decommission", "ok", effect="proven", after_s=1.0)
    waits = activity_of(fault(0, 2.0, "decommission"), done, *lookup(6.0)).waits["lookup"]
    assert waits["after"].count == 1


def test_owners_are_counted_as_clients_found_them():
    assert activity_of(*lookup(1.0)).owners == {"worker-x": {int(3.1 / 0.05) // COARSE: 1}}


def test_reads_of_one_member_are_told_apart_from_those_of_etcd():
    reads = [op(1.0, OBSERVER, "ok", "reach", revision=1), op(1.0, OBSERVER, "fail", "member", member="etcd-2")]
    nodes = activity_of(*reads).nodes
    assert (nodes["etcd"].total("ok"), nodes["etcd-2"].total("fail")) == (1, 1)
