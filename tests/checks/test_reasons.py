from dataclasses import replace

from harness.checks import judge
from harness.checks.reasons import why_unknown
from harness.checks.verdict import Verdict, Violation
from harness.core.history import OBSERVER, History
from harness.core.plan import Selection
from tests.checks.telling import PLAN, WORKERS, flat, ns, op, reached, run_begins, samples, signalled, started
from tests.checks.test_evidence import ENOUGH

BUSY = ("the observer did not run for 1.10 s", "2 of 3 nodes did not answer for up to 1.50 s")


def unknown(name, missing):
    return Verdict(name, "", missing=missing)


def test_the_reason_of_what_is_unknown_is_the_sentence():
    told = why_unknown([Verdict("a", "all well"), unknown("b", "nobody was gone")], ())
    assert told == "nobody was gone (b)"


def test_what_others_depend_on_comes_first_and_the_rest_is_counted():
    verdicts = [unknown("gone", "nobody was gone"), unknown("faults-are-proven", "step 1 (pause): effect absent; x")]
    assert why_unknown(verdicts, ()) == "step 1 (pause): effect absent (faults-are-proven, and 1 more)"


def test_a_starved_machine_comes_before_all():
    told = why_unknown([unknown("b", "nobody was gone")], BUSY)
    assert told == f"the machine was starved: {' and '.join(BUSY)}; nobody was gone (b)"


def test_what_the_reason_says_itself_is_not_said_twice():
    reason = f"{BUSY[0]}, where 1 s are allowed; client-1 never answered"
    told = why_unknown([unknown("enough-evidence", reason)], BUSY[:1])
    assert told == "the observer did not run for 1.10 s, where 1 s are allowed (enough-evidence)"
    told = why_unknown([unknown("enough-evidence", reason)], BUSY)
    assert told.startswith(f"the machine was starved: {BUSY[1]}; the observer did not run for 1.10 s, where ")


def test_without_anything_unknown_there_is_no_reason():
    assert why_unknown([], BUSY) == ""
    assert why_unknown([Verdict("a", ""), Verdict("b", "", violations=(Violation("so"),), missing="more")], BUSY) == ""


def test_a_long_reason_is_cut():
    assert len(why_unknown([unknown("b", "word " * 200)], ())) < 220


def why(*ops, scale=1.0, **plan):
    return judge(replace(PLAN, time_scale=scale, **plan), History.of(flat([run_begins(), *ops]))).why


def steady(*names):
    return [[started(0.0, name, 1), samples(0.1, 5.0, name, 1)] for name in names]


def late(*names):
    return [[started(0.0, name, 1), samples(0.1, 1.0, name, 1), samples(2.5, 5.0, name, 1)] for name in names]


def test_an_observer_that_did_not_run_is_told():
    told = why(steady("worker-1"), reached(0.0, 1.0), reached(2.5, 5.0))
    assert "the machine was starved: the observer did not run for 1.50 s; " in told


def test_where_it_is_the_reason_that_the_observer_did_not_run_it_is_said_once_and_what_is_allowed():
    told = why(ENOUGH, reached(0.0, 5.0), reached(8.0, 9.0), invariants=Selection(False, ("enough-evidence",)))
    assert told.partition(" (enough-evidence")[0] == "the observer did not run for 3.00 s, where 2 s are allowed"


def test_an_observer_that_waited_for_an_answer_did_run():
    failed = op(2.4, OBSERVER, "reach", {"sent_ns": ns(1.1), "revision": 0}, "fail")
    assert "starved" not in why(steady("worker-1"), reached(0.0, 1.0), failed, reached(2.5, 5.0))


def test_most_nodes_silent_is_told_with_the_longest_silence():
    told = why(late("worker-1", "worker-2"), steady("worker-3"))
    assert (
        "the machine was starved: 2 of 3 nodes did not answer for up to 1.50 s though nothing stopped or started them; "
        in told
    )
    assert "starved" not in why(late("worker-1", "worker-2"), steady("worker-3"), scale=4.0)


def test_one_silent_node_of_many_is_no_starvation():
    assert "starved" not in why(late("worker-1"), steady("worker-2", "worker-3"))


def test_who_is_not_ours_or_broken_on_purpose_tells_nothing_of_the_machine():
    told = late("client-1", "worker-1"), steady("worker-3")
    assert "starved" in why(told)
    assert "starved" not in why(told, broken={"worker-1": "animals.py:Sleepy"})
    assert "starved" not in why(told, guests={"client-1": ("sh",)})


def test_nodes_that_are_asked_seldom_are_not_silent():
    seldom = [[started(0.0, name, 1), samples(1.0, 9.0, name, 1, every=2.0)] for name in WORKERS]
    assert "starved" not in why(seldom)


def test_who_was_paused_or_started_meanwhile_was_not_starved():
    assert "starved" not in why(late("worker-1"), signalled(1.1, "worker-1", 1, "STOP"))
    assert "starved" not in why(late("worker-1"), started(2.0, "worker-1", 2, 2))
