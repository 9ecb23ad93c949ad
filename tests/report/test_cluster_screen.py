"""Screens of what a daemon answers; the answers are by hand."""

import pytest

from harness.report.cluster_screen import opening, ring_screen, screen, where_screen


def node(name, state="online", process="running", **more):
    row = {"node": name, "state": state, "process": process, "since_s": 12.2, "pid": 4711, "cpu": 0.031}
    row |= {"memory_bytes": 23_400_000, "owns": 0.342, "view": {"online": 3, "revision": 88}, "door": "127.0.0.1:4100"}
    return {**row, **more}


def fault(number=1, heals_in_s=None, is_for_good=False, is_under_way=False, failed=""):
    told = {"number": number, "told": "pause worker-2", "since_s": 2.4, "is_under_way": is_under_way, "failed": failed}
    return {**told, "heals_in_s": heals_in_s, "is_for_good": is_for_good}


def status(*nodes, faults=(), notes=(), name="dev"):
    about = {"name": name, "up_s": 252.0, "revision": 88, "run_dir": "/runs/dev-1"}
    return {**about, "nodes": list(nodes), "faults": list(faults), "notes": list(notes)}


ETCD = node("etcd-1", "leads", owns=None, view=None, door="127.0.0.1:4000")
PLACE = node("user-1", "", "none", pid=None, cpu=None, memory_bytes=None, owns=None, view=None, door=None)


def test_the_first_line_tells_the_cluster_and_each_node_has_a_row():
    head, headings, *rows = screen(status(ETCD, node("worker-1"), PLACE)).splitlines()
    assert head == "dev   up 4 min 12 s   revision 88   open faults: 0"
    assert headings.split() == ["node", "state", "since", "pid", "cpu", "memory", "owns", "view", "published"]
    assert [row.split("   ")[0].strip() for row in rows] == ["etcd-1", "worker-1", "user-1"]


def test_a_row_tells_numbers_with_their_units_and_nothing_where_there_is_none():
    *_, worker, place = screen(status(node("worker-1"), PLACE)).splitlines()
    assert worker.split() == [
        *("worker-1", "online", "12", "s", "4711", "3.1", "%", "23", "MB", "34.2", "%"),
        *("3", "online", "at", "88", "127.0.0.1:4100"),
    ]
    assert place.split() == ["user-1", "free", "12", "s", "-", "-", "-", "-", "-"]


@pytest.mark.parametrize("nothing", [{"cpu": None}, {"cpu": 0.0}, {"owns": 0.0}, {"memory_bytes": 0}])
def test_nothing_known_and_nothing_used_are_not_the_same(nothing):
    (value,) = nothing.values()
    row = screen(status(node("worker-1", **nothing))).splitlines()[-1].split()
    assert (row.count("-") == 1) is (value is None)
    assert ("0.0" in row or "0" in row) is (value is not None)


def test_a_node_without_metrics_is_shown_all_the_same():
    row = node("worker-1")
    del row["cpu"], row["memory_bytes"]
    assert screen(status(row)).splitlines()[-1].split().count("-") == 2


@pytest.mark.parametrize(
    ("state", "process", "told"),
    [
        ("online", "running", "online"),
        ("online", "paused", "online, paused"),
        ("offline", "stopped", "offline, stopped"),
        ("not ready", "died", "not ready, died"),
        ("", "running", ""),
        ("", "none", "free"),
        ("not registered", "none", "not registered"),
    ],
)
def test_the_state_says_what_it_is_to_the_cluster_and_what_is_unusual_about_its_process(state, process, told):
    row = screen(status(node("worker-1", state, process))).splitlines()[-1]
    assert row.startswith(f"  worker-1   {told}".rstrip())
    assert row.removeprefix(f"  worker-1   {told}").strip().startswith("12 s")


@pytest.mark.parametrize(
    ("of", "ends"),
    [
        (fault(), "until harness heal"),
        (fault(heals_in_s=7.6), "heals in 8 s"),
        (fault(heals_in_s=0.0), "heals in 0 s"),
        (fault(is_for_good=True), "for good"),
    ],
)
def test_an_open_fault_says_how_it_ends(of, ends):
    told = screen(status(ETCD, faults=[of])).splitlines()
    assert told[0].endswith("open faults: 1")
    assert told[-1] == f"  fault #1 pause worker-2, 2 s so far, {ends}"


def test_one_that_is_not_in_place_yet_and_one_whose_heal_failed_say_so():
    told = screen(status(ETCD, faults=[fault(is_under_way=True), fault(failed="no answer")])).splitlines()
    assert told[-2] == "  fault #1 pause worker-2, under way for 2 s"
    assert told[-1] == "  fault #1 pause worker-2: its heal failed, no answer; harness heal tries again"


def test_notes_come_last_each_on_a_line_of_its_own():
    told = screen(status(ETCD, faults=[fault()], notes=["worker-1 ended", "no space left"])).splitlines()
    assert told[-2:] == ["  note: worker-1 ended", "  note: no space left"]


def test_colours_are_for_terminals():
    told = status(node("worker-1"), faults=[fault()], notes=["a note"])
    assert "\x1b" not in screen(told)
    assert "\x1b[32monline" in screen(told, 120, colour=True)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_row_is_wider_than_the_terminal(width):
    told = screen(status(ETCD, node("worker-10", "not registered", "stopped"), PLACE), width)
    assert max(map(len, told.splitlines())) <= width


def test_what_is_up_tells_where_it_is_reached_and_what_to_do_next():
    told = opening(status(ETCD, node("worker-1"), node("worker-2", door="127.0.0.1:4101"), PLACE), 0.84)
    assert told.splitlines() == [
        "dev is up in 0.84 s: etcd-1, worker-1, worker-2, user-1",
        "  etcd     http://127.0.0.1:4000",
        "  workers  http://127.0.0.1:4100 http://127.0.0.1:4101",
        "  record   /runs/dev-1",
        "  try      harness status · harness inject pause worker-1 --for 10s · "
        "harness exec -- etcdctl get --prefix / · harness down",
    ]


def test_of_another_name_every_command_names_it():
    tries = opening(status(ETCD, name="big"), 1.0).splitlines()[-1].removeprefix("  try      ").split(" · ")
    assert len(tries) == 4
    assert all(" --name big" in each.partition(" -- ")[0] for each in tries)


def test_of_many_workers_the_first_are_named_and_the_others_counted():
    told = opening(status(ETCD, *(node(f"worker-{number}") for number in range(1, 21))), 1.0)
    assert max(map(len, told.splitlines())) < 200
    assert "worker-20" not in told


def test_the_ring_is_told_by_worker():
    rows = [{"worker": f"worker-{n}", "id": f"worker-00{n}", "owns": n / 3, "vnodes": 2000} for n in (1, 2)]
    assert [line.split() for line in ring_screen({"revision": 9, "workers": rows}).splitlines()] == [
        ["revision", "9"],
        ["worker", "owns", "vnodes", "identity"],
        ["worker-1", "33.33", "%", "2000", "worker-001"],
        ["worker-2", "66.67", "%", "2000", "worker-002"],
    ]


def where(candidates, clients=(), doors=()):
    return {"key": "a", "revision": 9, "candidates": candidates, "clients": dict(clients), "doors": dict(doors)}


def test_whose_a_key_is_comes_first_then_who_comes_next_then_what_clients_say():
    said = {
        "client-1": {"owner": "worker-2", "revision": 9},
        "client-2": {"owner": "worker-1", "revision": None},
        "client-3": {"error": "no answer"},
    }
    doors = {"worker-1": "127.0.0.1:4100", "worker-2": "127.0.0.1:4101"}
    assert where_screen(where(["worker-2", "worker-1"], said, doors)).splitlines() == [
        "a: worker-2   http://127.0.0.1:4101",
        "  by etcd at revision 9; then worker-1",
        "  client-1: worker-2 at revision 9",
        "  client-2: worker-1",
        "  client-3: no answer",
    ]


def test_a_key_may_be_nobodys_and_an_owner_may_have_no_door():
    assert where_screen(where([])).splitlines() == ["a: nobody: no worker is online", "  by etcd at revision 9"]
    assert where_screen(where(["worker-9"])).splitlines()[0] == "a: worker-9"
