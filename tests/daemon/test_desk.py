"""What a daemon answers of a cluster in memory, whose ops are told by hand."""

import json
import os
import threading

import pytest

from harness.core.ring import Ring
from harness.errors import ClusterError, InputError
from tests.checks.telling import alive, deleted, exited, op, signalled, started, viewed
from tests.conftest import eventually
from tests.daemon.rig import Rig

KEY = "file:///ufs/key-00001"


@pytest.fixture
def rig(clusters, tmp_path):
    rig = Rig(tmp_path)
    yield rig
    os.close(rig.lock)


def test_a_word_that_it_does_not_know_is_of_another_version(rig):
    assert rig.desk.word("status") == rig.desk.do_status
    for word in ("nothing", "write_facts", "_shares", ""):
        with pytest.raises(InputError, match="the daemon of dev knows no"):
            rig.desk.word(word)


def test_what_is_injected_is_told_with_its_proof_and_its_number(rig):
    told = rig.desk.do_inject("pause", ["worker-1"], None)
    assert (told["number"], told["effect"], told["lasts_s"]) == (1, "proven", None)
    assert told["told"].startswith("pause worker-1")
    assert rig.desk.do_inject("kill", ["worker-2"], None)["number"] == 2
    assert [(fault["number"], fault["is_for_good"]) for fault in rig.desk.do_status()["faults"]] == [
        (1, False),
        (2, True),
    ]


def test_a_fault_of_which_it_is_known_how_long_it_lasts_heals_by_itself(rig):
    rig.desk.do_inject("pause", ["worker-1"], "10ms")
    eventually(lambda: rig.desk.do_status()["faults"] == [], "a heal")
    assert not rig.cluster.node("worker-1").paused


def test_a_procedure_is_over_when_it_is_told(rig):
    assert rig.desk.do_inject("compact", ["keep=0"], None)["lasts_s"] == 0
    assert rig.desk.do_status()["faults"] == []


def test_a_heal_that_fails_later_is_a_note(rig):
    rig.cluster.node("worker-1").refused = {"CONT"}
    rig.desk.do_inject("pause", ["worker-1"], "10ms")
    (note,) = eventually(lambda: rig.desk.do_status()["notes"], "a note")
    assert note.startswith("#1 pause worker-1")
    assert "could not be healed" in note


@pytest.mark.parametrize(
    ("fault", "words", "for_"), [("explode", [], None), ("pause", ["worker-9"], None), ("pause", ["worker-1"], "soon")]
)
def test_what_cannot_be_done_is_refused_and_not_counted(rig, fault, words, for_):
    with pytest.raises(InputError):
        rig.desk.do_inject(fault, words, for_)
    assert rig.desk.do_inject("pause", ["worker-1"], None)["number"] == 1


def test_healing_tells_of_each_what_became_of_it(rig):
    rig.desk.do_inject("pause", ["worker-1"], None)
    rig.desk.do_inject("kill", ["worker-2"], None)
    rig.desk.do_inject("isolate", ["worker-3"], None)
    first = rig.desk.do_heal([3])
    assert [word for word, names in first.items() if names] == ["healed"]
    all_of_them = rig.desk.do_heal([])
    (healed,), (stays,) = all_of_them["healed"], all_of_them["stays"]
    assert (healed["told"].partition(" ")[0], stays.partition(" ")[0]) == ("#1", "#2")
    assert (healed["heal"], healed["after_s"], healed["detail"]) == ("proven", 0, "")
    again = rig.desk.do_heal([1, 2])
    assert [len(names) for names in again.values()] == [1, 1, 0]
    assert rig.cluster.node("worker-2").running


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_number_that_no_fault_has_is_told_before_anything_is_healed(rig, number):
    rig.desk.do_inject("pause", ["worker-1"], None)
    with pytest.raises(InputError, match=rf"there is no fault #{number}; there were 1"):
        rig.desk.do_heal([1, number])
    assert len(rig.desk.do_status()["faults"]) == 1


def test_who_joins_gets_a_door_and_a_row_and_is_in_the_facts(rig):
    rig.desk.do_inject("join", ["2"], None)
    assert {"worker-4", "worker-5"} <= {*rig.cluster.published}
    assert rig.node("worker-5")["door"] == rig.doors.addresses["worker-5"]
    facts = rig.place.facts()
    assert facts.nodes == list(rig.hands.plan.names)
    assert facts.doors == rig.doors.addresses
    assert (facts.pid, facts.engine) == (os.getpid(), "unix:///engine")


def test_two_who_join_at_once_have_a_door_each(rig):
    failures, rig.cluster.both = [], threading.Barrier(2)

    def join():
        try:
            rig.desk.do_inject("join", ["1"], None)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=join) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(rig.cluster.published) == ["etcd-1", *(f"worker-{n}" for n in range(1, 6))]
    assert rig.place.facts().doors == rig.doors.addresses


def test_the_status_tells_of_each_node_what_is_known(rig):
    assert rig.desk.do_status()["revision"] == 4
    row = rig.node("worker-1")
    assert (row["state"], row["process"], row["pid"]) == ("online", "running", 11)
    assert row["view"] == {"online": 0, "revision": 0}
    rig.hear(viewed(2, "worker-1", 4, pid=11))
    assert rig.node("worker-1")["view"]["online"] == 3
    assert [rig.node(name)["owns"] for name in ("etcd-1", "client-1", "user-1")] == [None] * 3
    assert sum(rig.node(name)["owns"] for name in rig.plan.workers) == pytest.approx(1)
    assert (rig.node("user-1")["process"], rig.node("user-1")["view"]) == ("none", None)


def test_pids_are_those_of_this_machine_where_that_can_be_asked(rig):
    rig.cluster.outside = {11: 4711}
    assert (rig.node("worker-1")["pid"], rig.node("worker-2")["pid"]) == (4711, 12)
    rig.cluster.outside = None
    assert rig.node("worker-1")["pid"] == 11
    rig.hear(exited(3, "worker-1", 11))
    assert rig.node("worker-1")["pid"] is None


def metrics(rig, *rows):
    fields = ("node", "time_ns", "cpu_s", "rss_bytes")
    text = "".join(json.dumps(dict(zip(fields, row, strict=True))) + "\n" for row in rows)
    rig.hands.run_dir.metrics.write_text(text)


def test_what_a_node_takes_is_that_of_its_last_two_samples(rig):
    second = 1_000_000_000
    cpu = [(0, 0.0), (10, 9.0), (12, 9.5)]
    metrics(rig, *(("worker-1", at * second, cpu_s, 1000 + at) for at, cpu_s in cpu), ("worker-2", 0, 1.0, 5))
    row = rig.node("worker-1")
    assert (row["cpu"], row["memory_bytes"]) == (0.25, 1012)
    assert (rig.node("worker-2")["cpu"], rig.node("worker-2")["memory_bytes"]) == (None, 5)
    assert "cpu" not in rig.node("worker-3")


def test_a_node_that_was_started_again_has_used_no_less_than_nothing(rig):
    metrics(rig, ("worker-1", 0, 9.0, 1), ("worker-1", 10**9, 0.5, 2))
    assert rig.node("worker-1")["cpu"] is None


def test_of_a_long_record_only_the_end_is_read_and_a_line_that_is_cut_is_none(rig):
    metrics(rig, *(("worker-1", n * 10**9, n / 2, n) for n in range(5_000)))
    with rig.hands.run_dir.metrics.open("a") as file:
        file.write('{"node": "worker-1", "time_')
    assert (rig.node("worker-1")["cpu"], rig.node("worker-1")["memory_bytes"]) == (0.5, 4999)


def test_what_happened_unasked_is_a_note_until_it_is_mended(rig):
    rig.hear(exited(3, "worker-1", 11, asked=False, status=-9))
    assert rig.desk.do_status()["notes"] == ["last line"]
    rig.hear(started(4, "worker-1", 31, 2))
    assert rig.desk.do_status()["notes"] == []


def test_of_a_cluster_that_has_ended_there_is_no_status_but_why(rig):
    rig.why = "the zygote ended"
    with pytest.raises(ClusterError, match=r"^dev has ended: the zygote ended; harness down --name dev cleans up$"):
        rig.desk.word("status")
    assert rig.desk.word("down")


def test_a_record_that_is_not_whole_is_a_note_and_not_to_be_judged(rig):
    rig.watched.note("history.jsonl: No space left on device")
    assert rig.desk.do_status()["notes"] == ["history.jsonl: No space left on device"]
    with pytest.raises(ClusterError, match=r"^the record is not whole: history\.jsonl: No space left on device$"):
        rig.desk.do_record()
    assert rig.done == []


def test_a_heal_that_failed_is_open_still_and_can_be_tried_again(rig):
    node = rig.cluster.node("worker-1")
    node.refused = {"CONT"}
    rig.desk.do_inject("pause", ["worker-1"], None)
    rig.desk.do_inject("isolate", ["worker-2"], None)
    with pytest.raises(ClusterError, match="pause could not be healed"):
        rig.desk.do_heal([])
    assert [fault["number"] for fault in rig.desk.do_status()["faults"]] == [1]
    node.refused = set()
    assert [each["heal"] for each in rig.desk.do_heal([])["healed"]] == ["proven"]
    assert rig.desk.do_status()["faults"] == []


def test_what_cannot_be_written_is_a_note(rig):
    (rig.hands.run_dir.path / "plan.json").mkdir()
    rig.desk.do_inject("pause", ["worker-1"], None)
    (note,) = rig.desk.do_status()["notes"]
    assert "plan.json" in note


def test_the_ring_is_of_the_members_that_etcd_has(rig):
    told = rig.desk.do_ring()
    assert (told["revision"], [row["worker"] for row in told["workers"]]) == (4, list(rig.plan.workers))
    assert sum(row["owns"] for row in told["workers"]) == pytest.approx(1)
    rig.hear(deleted(5, alive("worker-1"), 9))
    assert [row["worker"] for row in rig.desk.do_ring()["workers"]] == ["worker-2", "worker-3"]


def test_whose_a_key_is_says_etcd_and_each_client_that_runs(rig):
    def answer(do, *, client, key, number):
        assert (do, key) == ("lookup", KEY)
        value = {"key": key, "owner": rig.plan.identities["worker-2"], "revision": 3}
        error = "is cut off" if client == "client-2" else None
        rig.status.hear(op(5, client, do, value, "fail" if error else "ok", error=error, id=number))

    rig.cluster.answer = answer
    rig.desk.do_inject("join", ["1"], None)
    told = rig.desk.do_where(KEY)
    view = rig.status.view()
    ring = Ring.build(view.on_ring(True), rig.desk.do_ring()["workers"][0]["vnodes"])
    names = {identity: name for name, identity in rig.hands.plan.identities.items()}
    assert told["candidates"] == [names[str(id)] for id in ring.owners(KEY, 3)]
    assert told["clients"]["client-1"] == {"owner": "worker-2", "revision": 3}
    assert told["clients"]["client-2"] == {"error": f"lookup of {KEY}: is cut off"}
    assert told["doors"].keys() == {*told["candidates"]}
    rig.hear(signalled(6, "client-2", 22, "STOP"))
    assert [*rig.desk.do_where(KEY)["clients"]] == ["client-1"]


def test_where_nobody_is_online_a_key_is_nobodys(rig):
    rig.hear([deleted(5, alive(name), n) for n, name in enumerate(rig.plan.workers, 9)])
    rig.cluster.answer = lambda do, **asked: None
    told = rig.desk.do_where(KEY)
    assert told["candidates"] == []
    assert "not within" in told["clients"]["client-1"]["error"]
    assert rig.desk.do_ring()["workers"] == []


def test_the_way_into_a_node_is_four_namespaces_in_their_order(rig):
    handed = rig.desk.do_inside("user-1")
    assert handed.answer["etcd"].startswith("http://etcd-1:")
    assert len(handed.descriptors) == 4
    for descriptor in handed.descriptors:
        os.close(descriptor)
    with pytest.raises(InputError, match="no node is called 'user-2'; there are etcd-1, worker-1"):
        rig.desk.do_inside("user-2")


def test_what_was_recorded_so_far_is_summed_up_before_it_is_written(rig):
    assert rig.desk.do_record() == str(rig.hands.run_dir.path.resolve())
    assert rig.done == ["summed up", "flushed"]


@pytest.mark.parametrize("judged", [True, False])
def test_who_asks_for_the_end_is_answered_when_it_has_ended(rig, judged):
    answers = []
    asker = threading.Thread(target=lambda: answers.append(rig.desk.do_down(judged)))
    asker.start()
    assert rig.desk.is_over.wait(30)
    assert (answers, rig.desk.is_judged) == ([], judged)
    rig.hear(op(9, "harness", "left-behind", {"left": ["worker-1 (4711)"]}))
    rig.desk.is_down.set()
    asker.join()
    (answer,) = answers
    assert answer == {"left": ["worker-1 (4711)"], "run_dir": str(rig.hands.run_dir.path.resolve())}


def test_an_end_after_which_nobody_has_looked_what_is_left_is_a_failure(rig):
    rig.desk.is_down.set()
    with pytest.raises(ClusterError, match=r"^dev is down, and nobody knows what is left of it; \S+/logs may say why$"):
        rig.desk.do_down(False)
