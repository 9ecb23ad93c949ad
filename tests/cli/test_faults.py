import json

import pytest

from harness.cli import main
from harness.errors import ClusterError, InputError
from tests.cli.answering import Answering, killed

pytestmark = pytest.mark.usefixtures("clusters")

INJECTED = {
    "number": 3,
    "told": "pause worker-2",
    "lasts_s": 10.0,
    "effect": "proven",
    "after_s": 0.021,
    "detail": "",
}


HEALED = {"told": "#1 pause worker-1", "heal": "proven", "after_s": 0.021, "detail": ""}


def asked_by(*words, **answers):
    """What the daemon is asked by a command that ends well."""
    with Answering(**answers) as daemon:
        assert main([*words]) == 0
    (asked,) = daemon.asked
    return asked


@pytest.mark.parametrize(
    ("words", "fault", "rest", "for_"),
    [
        (["inject", "pause", "worker-2", "--for", "10s"], "pause", ["worker-2"], "10s"),
        (["inject", "partition", "worker-1,worker-2", "rest"], "partition", ["worker-1,worker-2", "rest"], None),
        (["inject", "kill", "any=2"], "kill", ["any=2"], None),
        (["inject", "compact"], "compact", [], None),
        (["join"], "join", ["1"], None),
        (["join", "2"], "join", ["2"], None),
        (["decommission", "worker-3"], "decommission", ["worker-3", "stop=TERM"], None),
        (
            ["decommission", "worker-1", "worker-2", "--stop", "KILL"],
            "decommission",
            ["worker-1,worker-2", "stop=KILL"],
            None,
        ),
    ],
)
def test_what_is_done_is_told_to_the_daemon_in_words(words, fault, rest, for_):
    assert asked_by(*words, inject=INJECTED) == {"do": "inject", "fault": fault, "words": rest, "for_": for_}


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ({}, "#3 pause worker-2: proven in 21 ms, heals in 10 s"),
        ({"lasts_s": None}, "#3 pause worker-2: proven in 21 ms, until harness heal"),
        ({"lasts_s": 0.0}, "#3 pause worker-2: proven in 21 ms, over"),
        (
            {"effect": "absent", "detail": "2 links still pass"},
            "#3 pause worker-2: absent (2 links still pass), heals in 10 s",
        ),
        ({"effect": "not-applicable", "detail": ""}, "#3 pause worker-2: not-applicable, heals in 10 s"),
        ({"detail": "of no interest"}, "#3 pause worker-2: proven in 21 ms, heals in 10 s"),
    ],
)
def test_a_line_says_whether_it_worked_and_how_it_ends(answer, line, capsys):
    asked_by("inject", "pause", "worker-2", inject=INJECTED | answer)
    assert capsys.readouterr() == (f"{line}\n", "")


def test_faults_are_healed_by_their_numbers_or_all_at_once():
    nothing = {"healed": [], "was_healed": [], "stays": []}
    assert asked_by("heal", heal=nothing) == {"do": "heal", "numbers": []}
    assert asked_by("heal", "2", "3", heal=nothing) == {"do": "heal", "numbers": [2, 3]}


@pytest.mark.parametrize(
    ("healed", "was_healed", "stays", "lines"),
    [
        ([], [], [], ["nothing is open"]),
        ([HEALED], [], [], ["#1 pause worker-1: healed, proven in 21 ms"]),
        ([HEALED | {"heal": "absent"}], [], [], ["#1 pause worker-1: healed, and that is absent"]),
        (
            [HEALED | {"heal": "not-applicable", "detail": "it was started"}],
            [],
            [],
            ["#1 pause worker-1: healed, and that is not-applicable (it was started)"],
        ),
        ([{"told": "#1 pause worker-1"}], [], [], ["#1 pause worker-1: healed, and that is absent"]),
        ([], ["#1 pause worker-1"], [], ["#1 pause worker-1: was healed already"]),
        ([], [], ["#12 kill worker-1"], ["#12 kill worker-1: stays; harness heal 12 undoes it"]),
        (
            [HEALED | {"told": "#1 a"}, HEALED | {"told": "#2 b", "after_s": 1.5}],
            [],
            ["#3 c"],
            [
                "#1 a: healed, proven in 21 ms",
                "#2 b: healed, proven in 1.50 s",
                "#3 c: stays; harness heal 3 undoes it",
            ],
        ),
    ],
)
def test_a_heal_says_of_each_what_became_of_it(healed, was_healed, stays, lines, capsys):
    asked_by("heal", heal={"healed": healed, "was_healed": was_healed, "stays": stays})
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.parametrize(
    ("words", "answer"),
    [(["inject", "pause", "any"], INJECTED), (["heal"], {"healed": [], "was_healed": [], "stays": []})],
)
def test_programs_get_the_answer_on_one_line(words, answer, capsys):
    asked_by(*words, "--json", **{words[0]: answer})
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [answer]


@pytest.mark.parametrize(("kind", "code"), [(InputError, 254), (ClusterError, 255)])
def test_what_the_daemon_refuses_is_one_line_and_its_exit_code(kind, code, capsys):
    with Answering(inject=kind("worker-9 is nobody")):
        assert main(["inject", "pause", "worker-9"]) == code
    assert capsys.readouterr() == ("", "worker-9 is nobody\n")


@pytest.mark.parametrize("words", [["inject", "pause", "worker-1"], ["heal"], ["join"], ["decommission", "worker-1"]])
def test_it_is_the_named_cluster_that_is_asked(words, monkeypatch, capsys):
    killed("dead")
    with Answering(inject=INJECTED, heal={"healed": [], "was_healed": [], "stays": []}) as dev:
        assert main([*words, "--name", "nobody"]) == 254
        assert main([*words, "--name", "dead"]) == 255
        monkeypatch.setenv("HARNESS_NAME", "nobody")
        assert main(words) == 254
        assert dev.asked == []
        assert main([*words, "--name", "dev"]) == 0
    told = capsys.readouterr().err
    assert told.count("no cluster is called nobody; there are dead, dev\n") == 2
    assert told.count("dead is dead: its daemon (process 4711) was killed") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["heal", "0"], "0 is too small; it is at least 1."),
        (["heal", "one"], "'one' is no whole number"),
        (["join", "0"], "0 is too small"),
        (["inject"], "Missing argument 'FAULT'"),
        (["decommission"], "Missing argument 'WORKER...'"),
        (["decommission", "worker-1", "--stop", "term"], "it is TERM, KILL, none."),
        (["heal", "--name", "../x"], "'../x' can't be a cluster's name"),
    ],
)
def test_what_is_wrong_is_told_before_anybody_is_asked(words, told, capsys):
    assert main(words) == 254
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert told in err
