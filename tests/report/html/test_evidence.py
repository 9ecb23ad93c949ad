import json
from datetime import UTC, datetime

from harness.checks.fold import feed
from harness.core.entity import NetAddress, WorkerEntity, encode
from harness.core.history import OBSERVER, History
from harness.core.identity import WorkerId
from harness.report.html.evidence import Rings, lines_around, moment_of, nodes_of, open_at
from tests.report.html.tales import ops_of_a_tale, put, result_of, view, violated
from tests.report.runs import op, plan_of

IDS = [f"worker-{number}f1c9a00-0000-0000-0000-000000000000" for number in (1, 2)]
NAMES = ("worker-1", "client-1", "etcd-1")


def rings_of(*ops):
    """Of the one lookup among the ops, which is a violation's."""
    plan = plan_of()
    plan = type(plan)(**{**plan.__dict__, "identities": dict(zip(plan.workers, IDS, strict=True))})
    ops = History.of(ops)
    result = result_of(ops, violated(ops), plan)
    rings = Rings(plan, result)
    feed(ops, (rings,))
    return rings.of(result.invariants[0].violations[0]["ops"])


def lookup(at_s, owner, revision):
    return op(at_s, "client-1", "ok", "lookup", key="a", owner=owner, revision=revision)


def snapshot(at_s, revision, *puts):
    return op(at_s, OBSERVER, "ok", "snapshot", revision=revision, kvs=[one.value for one in puts])


def record(id):
    return encode(WorkerEntity(WorkerId.parse(id), NetAddress(host="a", http_server_port=1))).decode()


def log_of(*ids):
    """Of each both keys, after a first snapshot of nothing."""
    folders = ("DHT", "ServiceDiscovery")
    puts = [put(0, one, 1 + number, folder, record(one)) for number, one in enumerate(ids) for folder in folders]
    return [snapshot(-1, 0), *puts]


def test_both_sides_rings_are_shown_at_one_revision():
    mine, etcds = rings_of(*log_of(*IDS), view(1, "client-1", 2, [IDS[0]]), lookup(2, IDS[0], 2))
    assert (mine.whose, mine.revision, mine.members, mine.took) == ("client-1's view", 2, ("worker-1",), "worker-1")
    assert mine.candidates == ("worker-1",)
    assert (etcds.whose, etcds.revision, etcds.members, etcds.took) == ("etcd", 2, ("worker-1", "worker-2"), None)
    assert {*etcds.candidates} == {"worker-1", "worker-2"}


def test_etcd_is_not_asked_beyond_what_its_log_covers():
    assert [row.whose for row in rings_of(view(1, "client-1", 2, IDS), lookup(2, IDS[0], 2))] == ["client-1's view"]


def test_values_that_are_no_records_are_no_members_of_etcds_ring_and_leave_it_its_candidates():
    bad = [put(0.5, name, 3, folder, "rubbish") for name in ("stray", IDS[1]) for folder in ("DHT", "ServiceDiscovery")]
    _, etcds = rings_of(*log_of(*IDS), *bad, view(1, "client-1", 3, IDS), lookup(2, IDS[0], 3))
    assert (etcds.members, etcds.candidates) == (("worker-1",), ("worker-1",))


def test_a_record_counts_by_what_it_says_and_not_by_its_key():
    copies = [put(0.5, "copy", 3, folder, record(IDS[1])) for folder in ("DHT", "ServiceDiscovery")]
    _, etcds = rings_of(*log_of(IDS[0]), *copies, view(1, "client-1", 3, IDS), lookup(2, IDS[0], 3))
    assert etcds.members == ("worker-1", "worker-2")


def test_every_snapshot_counts_for_what_the_watch_missed():
    first, *puts = log_of(*IDS)
    later = first, *puts[:2], snapshot(0.5, 3, *puts), view(1, "client-1", 3, IDS), lookup(2, IDS[0], 3)
    assert rings_of(*later)[1].members == ("worker-1", "worker-2")


def test_a_log_without_a_first_snapshot_covers_nothing():
    assert len(rings_of(*log_of(*IDS)[1:], view(1, "client-1", 2, IDS), lookup(2, IDS[0], 2))) == 1


def test_an_identity_that_cannot_be_read_leaves_the_ring_without_an_owner():
    assert rings_of(view(1, "client-1", 2, ["<b>"]), lookup(2, "<b>", 2))[0].candidates == ()


def test_without_a_view_there_is_no_ring():
    assert rings_of(lookup(2, IDS[0], 2)) == []


def test_a_fault_is_open_from_inject_to_heal():
    faults = result_of(ops_of_a_tale()).faults
    assert [len(open_at(faults, at_s)) for at_s in (1.9, 2.0, 5.0, 5.1)] == [0, 1, 1, 0]


def test_the_moment_of_a_violation_is_that_of_its_last_op():
    assert moment_of({"ops": [{"at_s": 2.0}, {"at_s": 3.0}]}) == 3.0
    assert moment_of({"ops": []}) is None


def test_a_violation_is_about_who_acted_and_who_is_named():
    told = {"text": "client-1 shows worker-1, etcd-1; not worker-11 or worker-9", "ops": [{"actor": "etcd-1"}]}
    assert nodes_of(told, NAMES) == ["etcd-1", "client-1", "worker-1"]


def log_lines(*lines, at_s=100.0, zero_s=0, wall_s=0.0):
    moments = [(at_s, ["worker-1"])]
    (found,) = lines_around(moments, lambda _: [f"{line}\n" for line in lines], zero_s * 1_000_000_000, wall_s)
    return [(line.at_s, line.text) for line in found]


def test_lines_a_little_before_and_after_are_shown():
    lines = ["98.400 worker-1 early", "98.600 worker-1 before", "100.400 worker-1 after", "100.600 worker-1 late"]
    assert log_lines(*lines) == [(98.6, "before"), (100.4, "after")]


def test_a_traceback_goes_with_the_line_before():
    assert log_lines("Traceback", "100.000 worker-1 failed", "  File 'x'") == [(100.0, "failed"), (100.0, "  File 'x'")]


def test_of_many_lines_the_nearest_are_shown():
    shown = log_lines(*[f"{98.5 + number / 100:.3f} worker-1 line" for number in range(190)])
    assert len(shown) == 8
    assert all(abs(at_s - 100.0) < 0.05 for at_s, _ in shown)


def test_each_log_is_read_once_for_all_moments():
    read = []

    def log_of_a_node(node):
        read.append(node)
        return [f"100.000 {node} first\n", f"200.000 {node} second\n"]

    moments = [(100.0, ["worker-1"]), (200.0, ["worker-1", "etcd-1"]), (300.0, [])]
    told = lines_around(moments, log_of_a_node, 0, 0.0)
    assert read == ["worker-1", "etcd-1"]
    assert [[(line.node, line.text) for line in lines] for lines in told] == [
        [("worker-1", "first")],
        [("worker-1", "second"), ("etcd-1", "second")],
        [],
    ]


def test_a_line_of_any_length_is_cut():
    assert len(log_lines(f"100.000 worker-1 {'x' * 9999}")[0][1]) <= 400


def test_etcds_lines_are_placed_by_the_wall_clock():
    stamp = datetime(2026, 11, 21, 10, 0, 5, 250_000, UTC)
    line = {
        "level": "warn",
        "ts": stamp.isoformat().replace("+00:00", "Z"),
        "caller": "x.go:1",
        "msg": "slow",
        "took": "1s",
    }
    began_s = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC).timestamp()
    assert log_lines(json.dumps(line, separators=(",", ":")), at_s=5.0, wall_s=began_s) == [
        (5.25, 'warn slow {"took": "1s"}')
    ]


def test_a_stamp_that_is_no_time_is_no_error():
    assert log_lines('{"ts":"2026-99-99T99:99:99Z","msg":"x"}') == []
