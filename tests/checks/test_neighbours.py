from dataclasses import replace

from harness.checks.neighbours import NeighboursAreNotSeen
from harness.core.membership import alive_prefix, registered_prefix
from harness.core.plan import Neighbour
from tests.checks.telling import CLUSTER, IDS, PLAN, exited, judged, op, run_begins, texts, viewed

THEIRS, THEIR_ID = f"{CLUSTER}1", "worker-00000000-0000-0000-0000-0000000000a1"
BESIDE = replace(
    PLAN, neighbour=Neighbour(THEIRS, ("neighbour-1",)), identities={**PLAN.identities, "neighbour-1": THEIR_ID}
)
OURS = viewed(1, "client-1", 7)


def shown(name, *ids, rejected=(), state="online"):
    value = {"pid": 9, "incarnation": 1, "revision": 7, "online": {}, "offline": {}, "rejected": list(rejected)}
    return op(1, name, "view", {**value, state: dict.fromkeys(ids, "host:1")})


def apart(*ops, plan=BESIDE):
    return judged("neighbours-are-not-seen", run_begins(), *ops, plan=plan)


def test_two_clusters_that_see_themselves_are_valid():
    verdict = apart(OURS, shown("neighbour-1", THEIR_ID))
    assert (verdict.outcome, verdict.summary) == ("valid", "1 view of ours, 1 of the neighbour's")


def test_a_neighbour_in_a_view_of_ours_is_told_once_per_node():
    stray = [shown("client-1", *IDS.values(), THEIR_ID), shown("client-1", THEIR_ID, state="offline")]
    assert texts(apart(OURS, shown("neighbour-1", THEIR_ID), stray)) == [
        "client-1's view at revision 7 (1.00 s) has neighbour-1, which is of the cluster told1"
    ]


def test_one_of_ours_in_a_neighbours_view_is_told():
    [text] = texts(apart(OURS, shown("neighbour-1", THEIR_ID, IDS["worker-2"])))
    assert text == "neighbour-1's view at revision 7 (1.00 s) has worker-2, which is of the cluster told"


def test_a_key_of_the_other_cluster_that_is_rejected_was_seen_too():
    key = f"{alive_prefix(THEIRS)}x"
    [text] = texts(apart(OURS, shown("neighbour-1", THEIR_ID), shown("client-1", rejected=[key])))
    assert f"has {key}, which is of the cluster told1" in text


def test_a_bad_key_of_its_own_is_nobody_elses():
    own = viewed(1, "client-1", 7, rejected=[f"{registered_prefix(CLUSTER)}1/x"])
    assert apart(own, shown("neighbour-1", THEIR_ID)).outcome == "valid"


def test_neighbours_that_never_came_up_are_unknown():
    assert apart(OURS).missing == "no neighbour ever saw neighbour-1 online"
    assert apart(shown("neighbour-1", THEIR_ID)).missing == "no view of ours was seen"
    assert apart().outcome == "unknown"


def test_without_a_neighbour_it_is_not_judged():
    assert NeighboursAreNotSeen.applies(BESIDE)
    assert not NeighboursAreNotSeen.applies(PLAN)


def test_a_neighbour_that_dies_unasked_is_too_little_evidence():
    death = exited(2, "neighbour-1", 9, asked=False, status=1)
    assert "neighbour-1 exited unasked with 1" in judged("enough-evidence", death, plan=BESIDE).missing
