from dataclasses import replace

import pytest

from harness.core.entity import WorkerEntity, encode
from harness.core.identity import WorkerId
from harness.dora.actions import (
    Exit,
    Grant,
    Granted,
    Held,
    KeepAlive,
    KeptAlive,
    NotRegistered,
    Register,
    Registered,
    Revoke,
    Revoked,
)
from harness.dora.session import S_NS
from harness.errors import EtcdError, EtcdUnreachable
from tests.dora.model import ADDRESS, ID, MINE, TTL_S, Pair

OTHER = encode(WorkerEntity(ID, replace(ADDRESS, host="worker-2")))


@pytest.fixture
def offline(online):
    """Its lease is lost, and it holds the next one already."""
    online.wait(1)
    online.tell(KeptAlive(0))
    online.tell(Granted(8, TTL_S))
    return online


def test_a_first_join_registers_only_where_nobody_is(joining):
    assert joining.call == Grant(TTL_S)
    joining.tell(Granted(7, TTL_S))
    assert joining.call == Register(7, MINE, held=None)
    assert not joining.is_serving
    joining.tell(Registered(10))
    assert joining.is_serving
    assert joining.reports == ["grant", "register", "serve"]


def test_its_own_key_from_an_earlier_start_is_taken_over(joining):
    joining.tell(Granted(7, TTL_S))
    joining.tell(NotRegistered(Held(4, MINE)))
    assert joining.call == Register(7, MINE, Held(4, MINE))
    joining.tell(Registered(10))
    assert joining.is_serving


@pytest.mark.parametrize("port", ["http_server_port", "netty_data_port"])
def test_a_key_that_differs_in_a_port_that_may_change_is_taken_over(joining, port):
    earlier = encode(WorkerEntity(ID, replace(ADDRESS, **{port: 1})))
    joining.tell(Granted(7, TTL_S))
    joining.tell(NotRegistered(Held(4, earlier)))
    assert joining.call == Register(7, MINE, Held(4, earlier))


@pytest.mark.parametrize("field", ["host", "container_host", "rpc_port", "data_port", "web_port", "domain_socket_path"])
def test_a_key_of_another_address_is_refused_and_the_lease_given_back(joining, field):
    changed = 1 if field.endswith("port") else "elsewhere"
    other = encode(WorkerEntity(ID, replace(ADDRESS, **{field: changed})))
    joining.tell(Granted(7, TTL_S))
    joining.tell(NotRegistered(Held(4, other)))
    assert joining.call == Revoke(7)
    joining.tell(Revoked())
    (ending,) = joining.exits
    assert ending.status == 1
    assert ending.reason.startswith("Some other member with same id registered on the ring, bail.Conflicting worker")
    assert str(ID) in ending.reason


def test_a_key_that_holds_another_identity_or_nonsense_is_refused(joining):
    stranger = WorkerEntity(WorkerId.parse("worker-7"), ADDRESS)
    for value in (encode(stranger), b"", b"{}"):
        pair = Pair()
        pair.tell(Granted(7, TTL_S))
        pair.tell(NotRegistered(Held(4, value)))
        pair.tell(Revoked())
        assert pair.exits[0].status == 1


def test_a_key_that_went_away_while_joining_is_put_as_at_first(joining):
    joining.tell(Granted(7, TTL_S))
    joining.tell(NotRegistered(Held(4, MINE)))
    joining.tell(NotRegistered(None))
    assert joining.call == Register(7, MINE, held=None)


def test_a_join_without_etcd_is_tried_again_with_growing_pauses(joining):
    pauses_s = []
    for _ in range(6):
        joining.tell(EtcdUnreachable("nobody there"))
        pauses_s.append((joining.session.wake_ns - joining.now_ns) / S_NS)
        joining.wait(pauses_s[-1])
    assert pauses_s == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert joining.calls == [Grant(TTL_S)] * 7


def test_registering_under_a_lease_that_is_gone_begins_with_a_new_lease(joining):
    joining.tell(Granted(7, TTL_S))
    joining.tell(EtcdError("etcdserver: requested lease not found"))
    joining.wait(0.1)
    assert joining.call == Grant(TTL_S)


def test_registering_longer_than_the_ttl_does_not_make_it_serve(joining):
    joining.tell(Granted(7, TTL_S))
    joining.tell(Registered(10), took_s=TTL_S)
    assert not joining.is_serving
    assert joining.session.state == "fenced"
    assert joining.reports == ["grant", "register"]
    joining.tell(KeptAlive(TTL_S))
    assert joining.is_serving


def test_a_keepalive_goes_out_every_third_of_the_ttl(online):
    assert online.session.wake_ns == S_NS
    online.wait(0.999)
    assert online.calls[-1] != KeepAlive(7)
    online.wait(0.001)
    assert online.call == KeepAlive(7)
    online.tell(KeptAlive(TTL_S), took_s=0.5)
    assert online.session.wake_ns == 2 * S_NS


def test_a_lost_lease_is_followed_by_registering_again_under_a_new_one(offline):
    assert not offline.is_serving
    assert offline.call == Register(8, MINE, Held(10, MINE))
    offline.tell(Registered(12))
    assert offline.is_serving
    assert offline.reports[3:] == ["keepalive", "lease-lost", "grant", "register", "serve"]


@pytest.mark.parametrize("found", [None, Held(11, MINE), Held(10, OTHER)], ids=["gone", "made anew", "changed"])
def test_a_registered_key_that_is_not_its_own_any_more_means_removed(offline, found):
    offline.tell(NotRegistered(found))
    assert offline.session.state == "removed"
    assert offline.call == Revoke(8)
    offline.tell(Revoked())
    assert offline.exits[0].status == 3
    assert "was removed" in offline.exits[0].reason
    assert offline.reports[-2:] == ["removed", "revoke"]


def test_not_knowing_whether_it_registered_again_is_no_removal(offline):
    offline.tell(EtcdUnreachable("timed out"))
    offline.wait(0.1)
    offline.tell(Registered(13))
    assert offline.is_serving


@pytest.mark.parametrize(
    ("registered", "lease", "state"),
    [
        (Held(10, MINE), 7, "online"),
        (None, 7, "removed"),
        (Held(11, MINE), 7, "removed"),
        (Held(10, MINE), 9, "removed"),
        (Held(10, MINE), 0, "joining"),
    ],
    ids=["as it should be", "unregistered", "made anew", "another process", "no alive key"],
)
def test_it_believes_what_it_reads_of_itself(online, registered, lease, state):
    online.observe(11, registered, lease)
    assert online.session.state == state


def test_a_reading_from_before_it_registered_says_nothing(online):
    online.observe(9, None, 0)
    assert online.is_serving


def test_a_clean_stop_gives_the_lease_back_and_ends_with_0(online):
    online.stop()
    assert not online.is_serving
    assert online.call == Revoke(7)
    online.tell(Revoked())
    assert online.exits == [Exit(0)]
    assert online.reports[-1] == "revoke"


def test_a_stop_does_not_wait_for_the_call_under_way(online):
    online.wait(1)
    before = online.call
    online.stop()
    assert online.call == Revoke(7)
    online.tell(KeptAlive(TTL_S), call=before)
    assert online.call == Revoke(7)


def test_a_stop_without_etcd_takes_a_second_and_no_more(online):
    online.stop()
    online.tell(EtcdUnreachable("nobody there"), took_s=0.5)
    online.wait(0.49)
    assert not online.exits
    online.wait(0.01)
    assert online.exits == [Exit(0)]
    assert online.reports[-1] == "revoke"


def test_a_stop_before_there_is_a_lease_ends_at_once(joining):
    joining.stop()
    assert joining.exits == [Exit(0)]


def test_nothing_happens_after_the_end(online):
    online.stop()
    online.tell(Revoked())
    before = (list(online.calls), list(online.reports))
    online.wait(100)
    online.stop()
    online.observe(99, None, 0)
    assert online.session.wake_ns is None
    assert (online.calls, online.reports, online.exits) == (*before, [Exit(0)])
