import pytest

from harness.checks import INVARIANTS
from tests.checks.telling import IDS, KEYS, WORKERS, joined, judged, planned, put, read, run_begins, snapshot, texts

NAME = "address-is-the-recorded-one"
KEY = KEYS[0]


def asked(seconds, revision, *, at="worker-1:28080", worker="worker-1"):
    return read(seconds, KEY, "worker-1", revision, tried=[IDS[worker]], asked=[at])


def log(moved_at=8):
    """worker-1 moves to another host at revision 8."""
    there = [joined(-1, name, 4, 10 + number) for number, name in enumerate(WORKERS)]
    moved = [
        put(
            2,
            one.value["key"],
            moved_at,
            one.value["lease"],
            one.value["text"].replace('"worker-1"', '"elsewhere"'),
            over=one,
        )
        for one in there[0]
    ]
    return [run_begins(), snapshot(-0.5, 4, there), moved, snapshot(19, 12, there[1:], moved)]


def test_whoever_is_asked_where_its_record_says_is_valid():
    verdict = judged(NAME, log(), asked(1, 5), asked(3, 8, at="elsewhere:28080"))
    assert (verdict.outcome, verdict.summary) == ("valid", "2 requests at 2 revisions")


def test_an_address_of_before_is_violated():
    verdict = judged(NAME, log(), asked(1, 5), asked(3, 8))
    assert texts(verdict) == [
        f"client-1 asked worker-1 at worker-1:28080 for {KEY} at 3.00 s; at revision 8, by which it went, etcd's "
        "record has worker-1 at elsewhere:28080"
    ]


def test_an_old_view_goes_by_the_address_of_then():
    assert judged(NAME, log(), asked(9, 7)).outcome == "valid"
    assert judged(NAME, log(), asked(9, 7, at="elsewhere:28080")).outcome == "violated"


def test_each_candidate_that_was_tried_counts():
    both = read(
        1, KEY, "worker-1", 5, tried=[IDS["worker-2"], IDS["worker-1"]], asked=["worker-2:28080", "worker-3:28080"]
    )
    assert len(texts(judged(NAME, log(), both))) == 1


def test_who_is_not_in_etcds_view_or_the_clients_is_not_this_ones_business():
    gone = read(1, KEY, "worker-1", 5, tried=[IDS["worker-4"], IDS["worker-1"]], asked=[None, "worker-1:28080"])
    assert judged(NAME, log(), gone, asked(2, 5, worker="worker-4", at="anywhere:1")).outcome == "valid"


@pytest.mark.parametrize(
    "ops", [[], [read(1, KEY, "worker-1", 5, asked=[])], [asked(1, 99)], [asked(1, 5), asked(2, 99), asked(3, 99)]]
)
def test_without_requests_at_known_revisions_it_is_unknown(ops):
    assert judged(NAME, log(), ops).outcome == "unknown"


def test_a_log_that_misses_something_makes_it_unknown():
    assert judged(NAME, asked(1, 5)).outcome == "unknown"


def test_it_applies_where_there_are_clients():
    assert INVARIANTS[NAME].applies(planned())
    assert not INVARIANTS[NAME].applies(planned(clients=()))
