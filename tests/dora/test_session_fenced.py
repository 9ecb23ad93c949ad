"""A session that must not serve any more: fenced, until it has registered anew."""

from harness.dora.actions import (
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
from harness.errors import EtcdUnreachable
from tests.dora.model import MINE, TTL_S


def test_without_an_acknowledgement_for_a_ttl_it_is_fenced(online):
    online.wait(TTL_S - 0.001)
    assert online.is_serving
    online.wait(0.001)
    assert not online.is_serving
    assert online.reports[-1] == "fence"


def test_nobody_has_to_wake_it_to_stop_it_from_serving(online):
    online.now_ns = TTL_S * S_NS
    assert not online.is_serving


def test_the_ttl_counts_from_when_the_acknowledged_keepalive_was_sent(online):
    online.wait(1)
    online.tell(KeptAlive(TTL_S), took_s=1.5)
    online.tell(KeptAlive(TTL_S), took_s=1.49)
    assert online.is_serving
    online.now_ns += int(1.5 * S_NS)
    online.wait(0.02)
    assert not online.is_serving


def test_the_granted_ttl_counts_and_not_the_one_asked_for(joining):
    joining.tell(Granted(7, 2 * TTL_S))
    joining.tell(Registered(10))
    joining.wait(2 * TTL_S - 0.01)
    assert joining.is_serving


def test_once_fenced_it_serves_again_only_when_it_has_registered_under_a_new_lease(online):
    online.wait(TTL_S)
    assert online.session.state == "fenced"
    online.tell(EtcdUnreachable("cut off"))
    online.wait(0.1)
    online.tell(Granted(8, TTL_S))
    assert online.call == Register(8, MINE, Held(10, MINE))
    assert not online.is_serving
    online.tell(Registered(12))
    assert online.is_serving
    assert online.reports[-4:] == ["fence", "grant", "register", "serve"]


def test_registering_anew_for_longer_than_the_ttl_is_one_registration_all_the_same(online):
    online.wait(TTL_S)
    online.tell(Granted(8, TTL_S))
    online.tell(Registered(12), took_s=TTL_S)
    assert not online.is_serving
    assert online.call == KeepAlive(8)
    online.tell(KeptAlive(TTL_S))
    assert online.is_serving


def test_one_that_was_removed_while_it_was_fenced_ends(online):
    online.wait(TTL_S)
    online.tell(Granted(8, TTL_S))
    online.tell(NotRegistered(None))
    assert online.session.state == "removed"


def test_what_it_reads_of_its_alive_key_while_it_is_fenced_is_no_removal(online):
    online.wait(TTL_S)
    online.tell(Granted(8, TTL_S))
    online.session.observe(10, Held(10, MINE), 7, online.now_ns)
    assert online.session.state == "fenced"


def test_a_stop_between_two_leases_gives_both_back(online):
    online.wait(TTL_S)
    online.tell(Granted(8, TTL_S))
    online.stop()
    assert online.call == Revoke(8)
    online.tell(Revoked())
    assert online.call == Revoke(7)
    online.tell(Revoked())
    assert online.exits[0].status == 0


def test_an_answer_to_a_keepalive_that_comes_after_the_ttl_serves_nobody(online):
    online.wait(1)
    online.tell(KeptAlive(TTL_S), took_s=TTL_S)
    assert not online.is_serving
    assert online.call == Grant(TTL_S)
