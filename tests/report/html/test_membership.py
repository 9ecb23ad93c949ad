import pytest

from harness.checks.fold import feed
from harness.core.history import OBSERVER
from harness.core.membership import text_of
from harness.faults.corrupt import EVERY_VALUE, nobody, value_of
from harness.report.html.membership import (
    CHANGES_MAX,
    ETCD,
    OBSERVERS_MAX,
    PROCESS,
    STRANGERS_MAX,
    Line,
    Membership,
)
from tests.report.html.tales import CLUSTER, ONE, OTHER, delete, put, record, start, view
from tests.report.runs import op, plan_of


def membership_of(*ops, plan=None, wanted=()):
    membership = Membership(plan or plan_of(), wanted)
    feed(ops, (membership,))
    return membership


def states(membership, worker, teller):
    line = membership.lines[worker][teller]
    return [line.first, *(state for _, state in line.changes)]


def test_a_row_tells_what_one_observer_saw_of_one_worker():
    seen = membership_of(
        view(0, "client-1", 1, [ONE]), view(1, "client-1", 2, [ONE, OTHER]), view(2, "client-1", 3, [OTHER], [ONE])
    )
    assert states(seen, "worker-1", "client-1") == ["unknown", "online", "offline"]
    assert states(seen, "worker-2", "client-1") == ["unknown", "absent", "online"]


def test_a_view_that_says_the_same_changes_nothing():
    seen = membership_of(view(0, "client-1", 1, [ONE]), view(1, "client-1", 2, [ONE]))
    assert states(seen, "worker-1", "client-1") == ["unknown", "online"]


def test_a_worker_that_left_a_view_is_no_member():
    seen = membership_of(view(0, "client-1", 1, [ONE]), view(1, "client-1", 2, []))
    assert states(seen, "worker-1", "client-1") == ["unknown", "online", "absent"]


def test_what_an_ended_process_saw_is_unknown():
    ended = op(1, "client-1", "ok", "exit", pid=9, incarnation=1, status=0, asked=True, ran_s=1.0)
    assert states(membership_of(view(0, "client-1", 1, [ONE]), ended), "worker-1", "client-1")[-1] == "unknown"


def test_etcds_keys_make_a_worker_online_offline_and_gone():
    log = [put(0, ONE, 1, "DHT"), put(0, ONE, 1), delete(1, ONE, 2), delete(2, ONE, 3, "DHT")]
    assert states(membership_of(*log), "worker-1", ETCD) == ["unknown", "offline", "online", "offline", "absent"]


@pytest.mark.parametrize("value", EVERY_VALUE)
def test_what_is_no_record_of_a_worker_makes_nobody_a_member(value):
    bad = [put(0, name, 1, "DHT", text_of(value_of(value))) for name in (str(nobody(value)), f"not-a-worker-{value}")]
    assert membership_of(*bad).lines.keys() == {"worker-1", "worker-2"}
    kvs = [{"key": one.value["key"], "text": one.value["text"]} for one in bad]
    assert membership_of(op(1, OBSERVER, "ok", "snapshot", revision=2, kvs=kvs)).lines.keys() == {
        "worker-1",
        "worker-2",
    }


def test_a_worker_whose_record_is_overwritten_with_what_cant_be_read_is_no_member_until_it_writes_again():
    log = [put(0, ONE, 1, "DHT"), put(0, ONE, 1), put(1, ONE, 2, text="null"), put(2, ONE, 3)]
    assert states(membership_of(*log), "worker-1", ETCD) == ["unknown", "offline", "online", "offline", "online"]


def test_a_stranger_in_etcd_is_told_by_the_identity_of_its_record():
    key = f"/DHT/{CLUSTER}/AUTHORIZED/whatever"
    stranger = op(0, OBSERVER, "ok", "put", key=key, revision=1, text=record("worker-7"))
    assert states(membership_of(stranger), "worker-7", ETCD) == ["unknown", "offline"]


def test_keys_of_another_cluster_say_nothing():
    other = op(0, OBSERVER, "ok", "put", key=f"/ServiceDiscovery/{CLUSTER}2/{ONE}", revision=1, text="")
    assert membership_of(other).lines["worker-1"] == {}


def test_a_snapshot_says_it_all():
    kvs = [{"key": f"/DHT/{CLUSTER}/AUTHORIZED/{ONE}", "text": record(ONE)}]
    seen = membership_of(put(0, OTHER, 1, "DHT"), op(1, OBSERVER, "ok", "snapshot", revision=2, kvs=kvs))
    assert (states(seen, "worker-1", ETCD)[-1], states(seen, "worker-2", ETCD)[-1]) == ("offline", "absent")


def test_nobody_knows_of_etcd_once_the_observer_has_ended():
    ended = op(1, OBSERVER, "ok", "exit", pid=9, incarnation=1, status=0, asked=True, ran_s=1.0)
    assert states(membership_of(put(0, ONE, 1, "DHT"), ended), "worker-1", ETCD)[-1] == "unknown"


def test_a_process_runs_pauses_and_ends():
    signals = [
        op(at_s, "worker-1", kind, "signal", pid=9, incarnation=1, signal=name)
        for at_s, name, kind in ((1, "STOP", "invoke"), (1, "STOP", "ok"), (2, "CONT", "invoke"), (2, "CONT", "ok"))
    ]
    ended = op(3, "worker-1", "ok", "exit", pid=9, incarnation=1, status=-9, asked=True, ran_s=3.0)
    seen = membership_of(start(0, "worker-1"), *signals, ended)
    assert states(seen, "worker-1", PROCESS) == ["down", "runs", "paused", "runs", "down"]


def test_strangers_are_told_by_their_identity_but_not_all_of_many():
    many = [f"worker-{number:03}" for number in range(2 * STRANGERS_MAX)]
    assert membership_of(view(0, "client-1", 1, many)).lines.keys() == {"worker-1", "worker-2", *many[:STRANGERS_MAX]}


def test_of_many_observers_those_wanted_come_first():
    names = tuple(f"worker-{number}" for number in range(1, 40))
    plan = plan_of()
    plan = type(plan)(**{**plan.__dict__, "workers": names, "identities": {name: f"worker-{name}" for name in names}})
    membership = Membership(plan, ["worker-39"])
    assert len(membership.observers) == OBSERVERS_MAX
    assert {"client-1", "worker-39"} <= {*membership.observers}
    assert membership.observers_left_out == 40 - OBSERVERS_MAX


def test_a_row_that_changes_without_end_keeps_a_bounded_part_and_says_so():
    line = Line("unknown")
    for number in range(2 * CHANGES_MAX):
        line.becomes("online" if number % 2 else "offline", number)
    assert len(line.changes) == CHANGES_MAX
    assert line.left_out > 0


def test_a_guest_tells_whom_it_asks():
    told = [
        op(at_s, "client-1", "ok", "members", revision=None, members=ids)
        for at_s, ids in ((0, [ONE, OTHER]), (1, [OTHER]))
    ]
    assert states(membership_of(*told), "worker-1", "client-1") == ["unknown", "online", "absent"]
