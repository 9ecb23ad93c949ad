import contextlib
import io
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.core.history import HARNESS, NEMESIS
from harness.core.plan import Step, When
from harness.report.display import Display
from harness.report.progress import Plain, Quiet, Tally, planned_s, progress_for
from tests.report.runs import held, judged, op, ordinary_ops, pause, phase, phases, plan_of, summed_up


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(kind, ops, stderr=None, **options):
    out = stderr or io.StringIO()
    with kind(plan_of(), out, **options) as progress:
        for each in ops:
            progress.op(each)
            if each.f == "phase" and each.type == "ok":
                progress.phase(each.value["phase"], "as it should")
        progress.node_died("worker-2 exited with 1 after 3.2 s")
    return out.getvalue()


def test_each_phase_is_a_line_with_how_long_it_took_and_what_it_came_to():
    lines = shown(Plain, ordinary_ops()).splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["start", "run", "heal", "settle", "stop"]
    assert lines[1] == "  run      10.00 s  as it should"


def test_a_node_that_died_is_told_at_once():
    assert "worker-2 exited with 1 after 3.2 s" in shown(Plain, [])


def test_faults_are_told_only_when_verbose():
    ops = list(pause(0, 2.0, 5.0))
    assert "pause" not in shown(Plain, ops)
    told = shown(Plain, ops, verbose=True)
    assert "pause worker-1: proven in 0.10 s" in told
    assert "heal pause worker-1: proven in 0.20 s" in told


def test_a_terminal_keeps_the_phase_lines_and_nothing_of_the_display():
    assert "  run      10.00 s  as it should\n" in shown(Display, ordinary_ops(), Terminal()).replace("\r", "")


def test_a_phase_that_fails_leaves_the_terminal_as_it_was():
    out = Terminal()
    with contextlib.suppress(RuntimeError), Display(plan_of(), out) as progress:
        progress.op(phase(0.0, "run", "invoke"))
        raise RuntimeError
    assert out.getvalue().rfind("\x1b[?25h") > out.getvalue().rfind("\x1b[?25l")


def test_no_colour_where_nobody_wants_any(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in shown(Display, [], Terminal())


def test_the_tally_knows_what_is_open_and_who_is_online():
    tally = Tally(plan_of())
    begun, proven, *heal = pause(0, 2.0, 5.0)
    view = op(1.0, "client-1", "ok", "view", online={"worker-a": "", "worker-b": ""}, offline={})
    for each in (view, op(1.0, "worker-1", "ok", "view", online={}, offline={}), begun, proven):
        tally.add(each)
    assert tally.lines() == ["online in etcd 2/2", "open: pause worker-1"]
    for each in heal:
        tally.add(each)
    assert tally.lines() == ["online in etcd 2/2"]


def test_the_tally_counts_completions_not_invocations():
    tally = Tally(plan_of())
    for each in ordinary_ops():
        tally.add(each)
    assert "operations: 1 ok, 0 failed, 0 unanswered" in tally.lines()


def test_the_tally_follows_the_phases():
    tally = Tally(plan_of())
    assert tally.current is None
    begun, ended = phases(start=0.0)
    tally.add(begun)
    assert tally.current == "start"
    tally.add(ended)
    assert (tally.current, tally.ended_s("start")) == (None, 1.0)


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, 3.0),
        ({"duration_s": 8.0}, 8.0),
        ({"steps": (Step("pause", {"targets": ["worker-1"]}, at_s=2.0, for_s=5.0),)}, 10.0),
        ({"steps": (Step("restart", {"targets": ["worker-1"], "down_for": 4.0}, at_s=5.0),)}, 12.0),
        ({"steps": (Step("kill", {"targets": ["worker-1"]}, when=When("online")),)}, None),
    ],
)
def test_how_long_a_run_should_last(changes, seconds):
    assert planned_s(plan_of(**changes)) == seconds


def test_what_is_shown_suits_the_place():
    assert type(progress_for(plan_of(), io.StringIO())) is Plain
    assert type(progress_for(plan_of(), Terminal())) is Display
    assert type(progress_for(plan_of(), Terminal(), quiet=True)) is Quiet


def test_quiet_says_nothing_and_takes_everything(capfd):
    with Quiet() as progress:
        progress.phase("run")
        progress.op(op(0.0, HARNESS, "ok", "left-behind", left=[]))
        progress.op(op(0.0, NEMESIS, "info", "skip", step=0, fault="pause"))
        progress.node_died("worker-1")
    assert capfd.readouterr() == ("", "")


def test_done_ends_the_display():
    out = Terminal()
    with Display(plan_of(), out) as progress:
        progress.done(summed_up(plan_of(), ordinary_ops(), judged(held()), "runs/x"))
        before = out.getvalue()
    assert out.getvalue() == before


def test_threads_that_tell_side_by_side_tear_no_line():
    class Pieces(io.StringIO):
        def write(self, text):
            pieces.append(text)
            return super().write(text)

    pieces = []
    shown(Plain, ordinary_ops(), Pieces())
    assert pieces
    assert all(piece.endswith("\n") for piece in pieces)


class Interrupted(Counter):
    """A counter that is left to another thread while a number of it is being raised."""

    def __getitem__(self, name):
        seen = super().__getitem__(name)
        os.stat("/")  # lets others have the interpreter
        return seen


def test_ops_that_come_from_several_threads_are_all_counted():
    tally = Tally(plan_of())
    tally._counts = Interrupted()
    lookup = op(1.0, "client-1", "ok", "lookup", key="k")
    with ThreadPoolExecutor(8) as threads:
        for _ in threads.map(tally.add, [lookup] * 2000):
            pass
    assert tally.lines() == ["operations: 2,000 ok, 0 failed, 0 unanswered"]
