from dataclasses import replace

from harness.core.history import History
from harness.report.html.gathered import gather
from harness.report.html.members import ROWS_MAX, WORKERS_MAX, workers
from tests.report.html.tales import ONE, OTHER, ops_of_a_tale, result_of, view
from tests.report.runs import op, phases, plan_of, run_op


def drawn(ops, plan=None):
    ops = History.of(ops)
    return workers(gather(plan or plan_of(), ops, result_of(ops, plan=plan)))


def test_a_worker_that_left_is_eventful_and_one_that_stayed_is_not():
    shown, left_out = drawn(ops_of_a_tale())
    assert [(worker.name, worker.is_eventful) for worker in shown] == [("worker-1", True), ("worker-2", False)]
    assert left_out == ""


def test_each_observer_has_a_row_beside_etcd_and_the_process():
    (worker, _), _ = drawn(ops_of_a_tale())
    assert [row.label for row in (worker.summary, *worker.tracks)] == ["etcd's keys", "its process", "client-1"]
    assert worker.tracks[1].about == "unknown from -1.50 s; online from -0.20 s; offline from 4.20 s"


def test_states_differ_in_shape_not_in_colour_alone():
    (worker, _), _ = drawn(ops_of_a_tale())
    shapes = {mark.kind: mark.d[mark.d.index(" ") :].split("H")[0] for mark in worker.tracks[1].marks}
    assert len(set(shapes.values())) == len(shapes) == 3


def test_coming_online_for_the_first_time_is_no_event():
    (worker, _), _ = drawn(
        [run_op(), *phases(start=0.0, run=5.0), view(1.0, "client-1", 3, [ONE]), view(2.0, "client-1", 4, [ONE, OTHER])]
    )
    assert not worker.is_eventful


def test_what_the_stop_of_the_run_does_is_no_event():
    ended = op(12.1, "client-1", "ok", "exit", pid=9, incarnation=1, status=0, asked=True, ran_s=1.0)
    (_, other), _ = drawn([*ops_of_a_tale(), ended])
    assert not other.is_eventful


def test_of_hundreds_of_workers_those_are_drawn_of_which_most_changed():
    names = tuple(f"worker-{number}" for number in range(1, 301))
    ids = {name: f"worker-{name}" for name in names}
    plan = replace(plan_of(), workers=names, identities=ids)
    everybody = list(ids.values())
    views = [
        view(1.0, "client-1", 1, everybody),
        view(2.0, "client-1", 2, [one for one in everybody if one != ids["worker-222"]]),
    ]
    shown, left_out = drawn([run_op(), *phases(start=0.0, run=5.0), *views], plan)
    assert 1 <= len(shown) <= min(WORKERS_MAX, ROWS_MAX)
    assert [worker.name for worker in shown if worker.is_eventful] == ["worker-222"]
    assert left_out == f"{len(shown)} of 300 workers: those of which most changed; 12 of 301 observers"


def test_an_observer_that_restarts_makes_nobody_eventful():
    ended = op(3.0, "client-1", "ok", "exit", pid=9, incarnation=1, status=0, asked=True, ran_s=1.0)
    seen = [view(1.0, "client-1", 3, [ONE]), ended, view(4.0, "client-1", 3, [ONE])]
    (worker, _), _ = drawn([run_op(), *phases(start=0.0, run=5.0), *seen])
    assert not worker.is_eventful
