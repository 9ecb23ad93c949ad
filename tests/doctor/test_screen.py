from harness.doctor.finding import Checkup, Finding
from harness.doctor.screen import screen

YES = Finding("namespaces", "yes", "as root", "every run is sandboxed; nothing survives it", True)
SLOW = Finding("tc netem", "no", "no netem in this kernel", "no fault needs it yet", remedy={"debian": "get netem"})
NONE = Finding("etcd", "no", "none, neither packaged nor on PATH", "runs are refused", True, {"debian": "get etcd"})


def test_a_machine_that_can_run_is_told_so_with_the_next_step():
    assert screen(Checkup("debian", (YES, SLOW))) == (
        "  namespaces  yes      as root                                every run is sandboxed; nothing\n"
        "                                                              survives it\n"
        "  tc netem    no       no netem in this kernel                no fault needs it yet\n"
        "                       fix: get netem\n"
        "ready: harness run restart"
    )


def test_a_machine_that_can_not_is_told_what_is_missing_and_how_it_comes():
    told = screen(Checkup("debian", (YES, SLOW, NONE))).splitlines()
    assert told[-1] == "not ready: etcd"
    assert told[-2].strip() == "fix: get etcd"


def test_a_system_that_is_not_known_gets_the_remedies_of_all():
    assert "  fix on debian: get netem\n" in screen(Checkup(None, (SLOW,)))


def test_what_is_there_shows_no_remedy():
    found = Finding("etcd", "yes", "3.5.1", remedy={"debian": "get etcd"})
    assert "get etcd" not in screen(Checkup("debian", (found,)))


def test_a_narrow_terminal_gets_narrow_lines_and_a_wide_one_no_endless_ones():
    for columns, most in ((20, 60), (80, 80), (300, 100), (None, 100)):
        told = screen(Checkup("debian", (YES, NONE)), columns).splitlines()
        assert max(map(len, told)) <= most
    assert len(screen(Checkup("debian", (YES, NONE)), 60).splitlines()) > 6


def test_a_command_stays_whole_however_long_it_is():
    command = "get " * 40 + "it"
    found = Finding("etcd", "no", "none", remedy={"debian": command})
    assert command in screen(Checkup("debian", (found,)), 60)


def test_colours_are_there_only_where_they_are_asked_for():
    checkup = Checkup("debian", (YES, NONE))
    assert "\x1b" not in screen(checkup)
    assert "\x1b[32myes" in screen(checkup, colour=True)
    assert "\x1b[1;31mno" in screen(checkup, colour=True)


def test_a_machine_of_which_nothing_is_known_is_ready_for_a_try():
    assert screen(Checkup(None, ())) == "ready: harness run restart"
