import pytest

from harness.report.soak_screen import brief, ending_words, screen
from tests.report.soaks import ended, margin, summary


def cells(text, first):
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [first])


def test_a_scenario_is_a_row_with_only_the_endings_that_came():
    runs = [ended(seed, start_s=0.5) for seed in range(1, 4)]
    text = screen(summary(*runs, ended(4, "violated")))
    assert cells(text, "scenario") == ["scenario", "expected", "valid", "violated"]
    assert cells(text, "tale") == ["tale", "3", "of", "4", "3", "1"]


def test_times_are_a_table_of_their_own():
    lines = screen(summary(ended(1, start_s=0.5), ended(2, wall_s=12.0, start_s=0.7))).splitlines()
    heading = next(number for number, line in enumerate(lines) if line.startswith("  time "))
    assert lines[heading + 1].split() == ["tale", "11.00", "s", "12.00", "s", "0.60", "s", "0.70", "s"]


def test_a_scenario_of_which_all_failed_has_no_times():
    lines = screen(summary(ended(1, "failed"))).splitlines()
    heading = next(number for number, line in enumerate(lines) if line.startswith("  time "))
    assert lines[heading + 1].split() == ["tale"]


def test_the_last_line_sums_up():
    last = screen(summary(ended(1), ended(2, "violated"), exit_code=1)).splitlines()[-1]
    assert last == "2 runs, 1 as expected   4 min 12 s, 2 at once   exit 1"


def test_an_interruption_and_much_room_are_told_in_it():
    last = screen(summary(ended(1), ended(2, "cut short"), left_out=3, disk_bytes=2_340_000_000)).splitlines()[-1]
    assert "interrupted: 1 cut short, 3 not begun" in last
    assert "2.3 GB of folders" in last


def test_the_nearest_to_a_bound_has_its_share_and_seed():
    text = screen(summary(ended(1, margins=(margin(3.0, 17),))))
    assert cells(text, "leaves") == ["leaves", "tale", "75%", "of", "4.00", "s", "17"]


def test_the_farthest_of_many_are_left_to_the_json():
    margins = tuple(margin(1.0 + number, invariant=f"invariant-{number}", allowed_s=100.0) for number in range(12))
    text = screen(summary(ended(1, margins=margins)))
    assert "invariant-11" in text
    assert "invariant-1 " not in text
    assert "and 2 more, with --json" in text


def test_what_differs_has_its_seeds():
    runs = [ended(seed, outcomes={"leaves": "unknown" if seed == 3 else "valid"}) for seed in range(1, 6)]
    assert cells(screen(summary(*runs)), "leaves")[2:] == ["valid", "4", "times;", "unknown", "with", "seed", "3"]


def test_of_many_seeds_the_first_are_named():
    runs = [ended(seed, outcomes={"leaves": "valid" if seed % 2 else "unknown"}) for seed in range(1, 26)]
    assert "unknown with seeds 2 4 6 8 10 12 14 16 and 4 more" in screen(summary(*runs))


def test_each_failure_has_its_repeat_and_folder_and_the_first_of_a_kind_why():
    runs = [
        ended(seed, "violated", why=(f"leaves: late by {seed} s",), blamed=("leaves",), run_dir=f"runs/tale-{seed}")
        for seed in (1, 2)
    ]
    text = screen(summary(*runs))
    assert "violated   tale   seed 1" in text
    assert "leaves: late by 1 s" in text
    assert "late by 2 s" not in text
    assert "violated   tale   seed 2   leaves" in text
    for seed in (1, 2):
        assert f"repeat   harness run tale --seed {seed}" in text
        assert f"folder   runs/tale-{seed}" in text


def test_what_ended_as_expected_is_no_failure_to_be_told():
    assert "repeat" not in screen(summary(ended(1), ended(2, "violated", code=0), ended(3, "cut short")))


def test_nothing_at_all_is_one_line():
    assert screen(summary(left_out=4, exit_code=130)).splitlines() == [
        "0 runs, 0 as expected   interrupted: 0 cut short, 4 not begun   4 min 12 s, 2 at once   exit 130"
    ]


def test_a_narrow_terminal_wraps_and_loses_nothing():
    why = "leaves: " + " ".join(["client-1 still shows worker-2"] * 8)
    runs = [ended(1, margins=(margin(3.0),), start_s=1.0), ended(2, "violated", why=(why,), blamed=("leaves",))]
    text = screen(summary(*runs, ended(3, "failed"), ended(4, "unknown")), width=80)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert text.count("worker-2") == 8


def test_colours_come_when_asked_for():
    runs = (ended(1), ended(2, "violated"))
    assert "\x1b[1;31m" in screen(summary(*runs), width=120, colour=True)
    assert "\x1b" not in screen(summary(*runs))


def test_brief_is_a_line_for_each_scenario():
    lines = brief(summary(ended(1), ended(2, "unknown"), ended(1, scenario="other"))).splitlines()
    assert lines == ["tale    1 of 2 as expected   1 valid, 1 unknown", "other   1 of 1 as expected   1 valid"]


@pytest.mark.parametrize(
    ("ending", "code", "words"),
    [
        ("valid", 0, "valid"),
        ("valid", 1, "valid unexpectedly"),
        ("violated", 0, "violated as expected"),
        ("violated", 1, "violated"),
        ("failed", 255, "failed"),
        ("cut short", 130, "cut short"),
    ],
)
def test_an_ending_is_told_with_what_was_expected(ending, code, words):
    assert ending_words(ended(1, ending, code)) == words
