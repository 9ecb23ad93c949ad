import contextlib
import io

import pytest

from harness.report.soak_progress import Display, Plain, Quiet, Tally, progress_for
from tests.report.soaks import ended, task


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(kind, *runs, out=None, **options):
    out = out or io.StringIO()
    tasks = [task(one.seed) for one in runs]
    with kind(tasks, 2, out, **options) as progress:
        for each, one in zip(tasks, runs, strict=True):
            progress.begun(each)
            progress.ended(each, one)
    return out.getvalue()


VIOLATED = ended(2, "violated", why=("leaves: " + "late " * 40 + "it was",), run_dir="runs/tale-2")


def test_each_run_is_a_line_when_it_has_ended():
    lines = shown(Plain, ended(1), ended(2, "violated", code=0, wall_s=12.34)).splitlines()
    assert lines == [
        "  1 of 2   valid       tale   seed 1       10.0 s",
        "  2 of 2   violated as expected   tale   seed 2       12.3 s",
    ]


def test_a_failure_is_told_at_once_with_its_repeat_and_no_line_of_a_log_is_cut():
    lines = shown(Plain, ended(1), VIOLATED, ended(3)).splitlines()
    assert lines[2].endswith("it was")
    assert lines[3:5] == ["    repeat   harness run tale --seed 2", "    folder   runs/tale-2"]
    assert lines[5].startswith("  3 of 3   valid")


def test_a_terminal_keeps_the_lines_of_failures_alone_unless_all_are_wanted():
    assert "seed 1       10.0 s" not in shown(Display, ended(1), VIOLATED, out=Terminal())
    assert "seed 2       10.0 s" in shown(Display, ended(1), VIOLATED, out=Terminal())
    assert "seed 1       10.0 s" in shown(Display, ended(1), VIOLATED, out=Terminal(), verbose=True)


def test_the_cursor_is_given_back_when_the_soak_fails():
    out = Terminal()
    with contextlib.suppress(RuntimeError), Display([task()], 1, out):
        raise RuntimeError
    hidden, given_back = (out.getvalue().rfind(code) for code in ("\x1b[?25l", "\x1b[?25h"))
    assert 0 <= hidden < given_back


def test_stopping_is_told_with_what_another_ctrl_c_does():
    out = io.StringIO()
    Plain([task(1), task(2)], 2, out).stopping(2)
    assert out.getvalue() == "  stopping 2 runs, beginning no more; Ctrl-C again kills\n"


@pytest.mark.parametrize(
    ("stderr", "options", "kind"),
    [(io.StringIO(), {}, Plain), (Terminal(), {}, Display), (Terminal(), {"quiet": True}, Quiet)],
)
def test_what_suits_is_chosen(stderr, options, kind):
    assert type(progress_for([task()], 1, stderr, **options)) is kind


def test_endings_are_counted_by_what_was_expected_the_most_frequent_first():
    tally = Tally([task(seed) for seed in range(4)], 1)
    for seed, one in enumerate([ended(0, "unknown"), ended(1), ended(2, "violated", code=0), ended(3)]):
        tally.begun(task(seed), 0.0)
        tally.ended(task(seed), one)
    assert tally.endings() == "2 valid, 1 unknown, 1 violated as expected"
    assert (tally.done, tally.total) == (4, 4)


def test_what_is_left_is_shared_by_those_that_run_at_once():
    tally = Tally([task(seed) for seed in range(6)], 2)
    assert tally.left_s(0.0) == 30.0
    tally.begun(task(0), 0.0)
    tally.begun(task(1), 0.0)
    assert tally.left_s(4.0) == 26.0


def test_runs_that_ended_tell_how_long_their_like_will_take():
    tally = Tally([task(0), task(1), task(0, "other")], 1)
    tally.begun(task(0), 0.0)
    tally.ended(task(0), ended(0, wall_s=16.0))
    assert tally.left_s(16.0) == 16.0 + 16.0


def test_a_run_that_failed_at_once_tells_nothing_about_how_long_others_take():
    tally = Tally([task(0), task(1)], 1)
    tally.begun(task(0), 0.0)
    tally.ended(task(0), ended(0, "failed", wall_s=0.1))
    assert tally.left_s(0.1) == 10.0


def test_the_longest_that_runs_is_waited_for_however_many_run_at_once():
    tally = Tally([task(0), task(1)], 8)
    tally.begun(task(0), 0.0)
    tally.begun(task(1), 9.0)
    assert tally.left_s(9.0) == 10.0


def test_a_run_that_takes_longer_than_it_should_needs_some_more_and_so_will_its_like():
    tally = Tally([task(0), task(1)], 1)
    tally.begun(task(0), 0.0)
    assert tally.left_s(10.0) == 1.0 + 10.0
    assert tally.left_s(20.0) == 2.0 + 20.0


def test_on_a_busy_machine_other_scenarios_are_expected_to_take_as_many_times_longer():
    tally = Tally([task(0), task(0, "other", lasts_s=30.0)], 1)
    tally.begun(task(0), 0.0)
    tally.ended(task(0), ended(0, wall_s=20.0))
    assert tally.left_s(20.0) == 60.0


def test_on_a_quick_machine_other_scenarios_take_as_long_as_planned():
    tally = Tally([task(0), task(0, "other", lasts_s=30.0)], 1)
    tally.begun(task(0), 0.0)
    tally.ended(task(0), ended(0, wall_s=5.0))
    assert tally.left_s(5.0) == 30.0


def ticked(kind, silent_s, out):
    with kind([task(1), task(2)], 2, out, silent_s=silent_s) as progress:
        progress.begun(task(1))
        progress.ended(task(1), ended(1))
        progress.begun(task(2))
        progress.tick()
    return out.getvalue().splitlines()


def test_a_log_that_was_silent_for_long_is_told_how_far_the_soak_is():
    assert ticked(Plain, 0.0, io.StringIO())[1:] == ["  1 of 2   1 running   10 s left"]


def test_a_log_that_was_told_something_lately_is_not():
    assert len(ticked(Plain, 1e9, io.StringIO())) == 1


def test_who_stops_waits_for_no_run_that_was_not_begun():
    tally = Tally([task(0), task(1)], 1)
    tally.begun(task(0), 0.0)
    tally.stopping()
    assert tally.left_s(1.0) == 0.0


def test_what_runs_is_a_line_each_with_how_long_it_has():
    tally = Tally([task(7), task(7, "other")], 2)
    tally.begun(task(7), 1.0)
    tally.begun(task(7, "other"), 4.0)
    assert [line.split() for line in tally.running(5.0)] == [
        ["tale", "seed", "7", "4", "s"],
        ["other", "seed", "7", "1", "s"],
    ]
