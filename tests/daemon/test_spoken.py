"""What is said on a command line against what a scenario says."""

import pytest

from harness.daemon.spoken import spoken
from harness.errors import InputError
from harness.faults import FAULTS
from harness.scenario.forms import examples
from tests.scenario.reading import plan

CLUSTER = "cluster: {workers: 3, clients: 1, users: 1, etcd: {members: 3}}"


@pytest.mark.parametrize(
    ("fault", "words", "written"),
    [
        ("pause", ["worker-1"], "worker-1"),
        ("pause", ["worker-1,client-1"], "[worker-1, client-1]"),
        ("pause", ["worker-1", "client-1"], "[worker-1, client-1]"),
        ("pause", ["any"], "any"),
        ("kill", ["any=2"], "{any: 2}"),
        ("kill", ["leader"], "leader"),
        ("kill", ["etcd=etcd-1,etcd-2"], "{etcd: [etcd-1, etcd-2]}"),
        ("isolate", ["user-1"], "user-1"),
        ("restart", ["worker-2"], "worker-2"),
        ("restart", ["worker-2", "down_for=5s"], "{worker: worker-2, down_for: 5s}"),
        ("restart", ["down_for=5s", "signal=KILL", "client-1"], "{client: client-1, signal: KILL, down_for: 5s}"),
        ("restart", ["any=2", "signal=KILL"], "{worker: {any: 2}, signal: KILL}"),
        ("restart", ["leader", "signal=KILL"], "{etcd: leader, signal: KILL}"),
        ("rolling-restart", ["all", "between=1s"], "{between: 1s}"),
        ("partition", ["worker-1,worker-2", "rest"], "[[worker-1, worker-2], rest]"),
        ("partition", ["worker-1", "worker-2", "etcd-1,etcd-2"], "[[worker-1], [worker-2], [etcd-1, etcd-2]]"),
        ("partition", ["from=worker-1", "to=etcd-1,etcd-2"], "{from: [worker-1], to: [etcd-1, etcd-2]}"),
        ("partition", ["from=user-1", "to=rest"], "{from: [user-1], to: rest}"),
        ("corrupt", ["empty,null"], "[empty, 'null']"),
        ("corrupt", ["empty"], "[empty]"),
        ("compact", ["100"], "100"),
        ("compact", ["keep=100"], "{keep: 100}"),
        ("join", ["2"], "2"),
        ("decommission", ["worker-1", "stop=KILL"], "{worker: worker-1, stop: KILL}"),
    ],
)
def test_words_mean_what_stands_in_a_scenario(fault, words, written):
    def step(what):
        return plan(f"{CLUSTER}\nsteps: [{{at: 1s, {fault}: {what}}}]").steps

    assert step(yaml_of(spoken(fault, words))) == step(written)


def yaml_of(given):
    """Flow style; a text that could be taken for something else has its quotes, as Python writes them."""
    return repr(given)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_can_be_told_in_the_short_form_of_its_own_example(fault):
    assert examples(FAULTS[fault])
    short = {"partition": ["worker-1,client-1", "rest"], "corrupt": ["empty,null"], "join": ["2"], "compact": ["0"]}
    words = short.get(fault, ["all"] if fault == "rolling-restart" else ["worker-1"])
    example = examples(FAULTS[fault])[0].removeprefix("- ")
    told = f"{{at: 3s{', for: 2s' if FAULTS[fault].takes_for else ''}, {fault}: {yaml_of(spoken(fault, words))}}}"
    assert plan(f"{CLUSTER}\nsteps: [{told}]").steps == plan(f"{CLUSTER}\nsteps: [{example}]").steps


def test_no_fault_of_that_name_is_told_with_the_nearest():
    with pytest.raises(InputError, match=r"no fault is called 'pasue'; did you mean 'pause'\?.* there are .*restart"):
        spoken("pasue", ["worker-1"])


@pytest.mark.parametrize(
    ("fault", "words"), [("kill", ["worker-1", "any=2"]), ("partition", ["worker-1", "rest", "any=1"])]
)
def test_whom_it_strikes_is_named_or_drawn_and_not_both(fault, words):
    with pytest.raises(InputError, match="any draws workers"):
        spoken(fault, words)


def test_what_is_said_twice_is_refused_for_one_of_both_would_be_lost():
    with pytest.raises(InputError, match="down_for is said twice"):
        spoken("restart", ["worker-1", "down_for=1s", "down_for=2s"])
