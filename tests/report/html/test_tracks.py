from dataclasses import replace

import pytest

from harness.core.history import History
from harness.report.html import tracks
from harness.report.html.gathered import gather
from tests.report.html.tales import ONE, OTHER, ops_of_a_tale, result_of
from tests.report.runs import op, phases, plan_of, run_op


def gathered_of(ops, **more):
    ops = History.of(ops)
    return gather(plan_of(), ops, result_of(ops), **more)


def lookups(count, owner=ONE, who="client-1", begin_s=1.0, kind="ok"):
    for number in range(count):
        at_s = begin_s + 8 * number / count
        yield op(at_s, who, "invoke", "lookup", key="a")
        yield op(at_s + 0.001, who, kind, "lookup", key="a", **({"owner": owner} if kind == "ok" else {}))


RUN = [run_op(), *phases(start=0.0, run=10.0)]


@pytest.fixture
def pause():
    return result_of(ops_of_a_tale()).faults[0]


def test_a_faults_bar_goes_from_inject_to_heal(pause):
    clock = gathered_of(ops_of_a_tale()).clock
    assert tracks.band_of(pause, clock) == (clock.x_of(2.0), clock.x_of(5.0))


def test_what_nothing_heals_lasts_to_the_end_and_a_procedure_until_it_is_done(pause):
    clock = gathered_of(ops_of_a_tale()).clock
    killed = replace(pause, fault="kill", until_s=None, heal="not-applicable")
    removed = replace(killed, fault="decommission", effect_after_s=1.5)
    assert tracks.band_of(killed, clock) == (clock.x_of(2.0), clock.width)
    assert tracks.band_of(removed, clock) == (clock.x_of(2.0), clock.x_of(3.5))


def test_a_fault_without_effect_looks_and_reads_otherwise(pause):
    clock = gathered_of(ops_of_a_tale()).clock
    proven, absent = tracks.faults([pause, replace(pause, effect="absent")], clock).tracks
    assert (proven.marks[0].kind, absent.marks[0].kind) == ("proven", "unproven")
    assert absent.about == "2.0 to 5.0 s, absent, heal proven in 0.20 s"


def test_of_very_many_faults_some_are_bands_only_and_that_is_told(pause):
    group = tracks.faults([pause] * (tracks.FAULTS_MAX + 2), gathered_of(ops_of_a_tale()).clock)
    assert len(group.tracks) == tracks.FAULTS_MAX
    assert group.note == "2 more are drawn as bands only"


def test_failures_stand_below_the_line_and_are_told():
    (row,) = tracks.ops(gathered_of([*RUN, *lookups(5), *lookups(2, kind="fail", begin_s=1.5)]), ["client-1"]).tracks
    assert row.note == "5 ok · 2 fail"
    assert " 20H" in next(mark.d for mark in row.marks if mark.kind == "fail")


def test_of_many_nodes_those_with_failures_are_drawn():
    many = [op_ for number in range(40) for op_ in lookups(1, who=f"client-{number}")]
    group = tracks.ops(gathered_of([*RUN, *many, *lookups(1, who="client-99", kind="fail")]), [])
    assert len(group.tracks) == tracks.NODES_MAX
    assert "client-99" in [row.label for row in group.tracks]
    assert f"{tracks.NODES_MAX} of 41 nodes" in group.note


def test_shares_of_owners_add_up():
    owners = tracks.owners(
        gathered_of([*RUN, *lookups(30), *lookups(10, OTHER)]), {ONE: "worker-1", OTHER: "worker-2"}.get
    )
    assert [(row.label, row.note) for row in owners.tracks] == [("worker-1", "75.0%"), ("worker-2", "25.0%")]


def test_without_answers_there_are_no_owners_and_no_waits():
    nothing = gathered_of(RUN)
    assert tracks.owners(nothing, str).tracks == tracks.waits(nothing).tracks == ()


def test_the_latencys_scale_goes_from_a_tenth_of_a_millisecond_to_ten_seconds():
    assert [text for _, text in tracks.log_scale()] == ["1 ms", "10 ms", "0.10 s", "1 s"]
    assert [y for y, _ in tracks.log_scale()] == [56.0, 42.0, 28.0, 14.0]


def test_memory_and_cpu_have_a_row_a_process():
    samples = [{"time_ns": n * 10**9, "node": "worker-1", "cpu_s": n / 2, "rss_bytes": 9_000_000} for n in range(1, 5)]
    memory, cpu = tracks.machine(gathered_of(ops_of_a_tale(), metrics=samples), ["worker-1"])
    assert (memory.tracks[0].note, cpu.tracks[0].note) == ("9 MB at most", "1.5 s, 50% at most")
