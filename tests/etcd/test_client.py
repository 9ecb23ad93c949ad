import socket
import threading
from contextlib import closing, suppress

import pytest

from harness.errors import EtcdError, EtcdUnreachable, InputError
from harness.etcd import Etcd, compare, delete, get, put
from tests.conftest import eventually, free_port

pytestmark = pytest.mark.cluster


def test_a_transaction_tells_what_it_found_and_its_revision(client, root):
    made = client.transaction([compare(root + "a", "version", 0)], [put(root + "a", b"1")], [get(root + "a")])
    refused = client.transaction([compare(root + "a", "version", 0)], [put(root + "a", b"2")], [get(root + "a")])
    assert (made.succeeded, made.responses) == (True, ((),))
    assert not refused.succeeded
    (found,) = refused.responses[0]
    assert (found.value, found.create_revision, found.version, found.lease) == (b"1", made.revision, 1, 0)


@pytest.mark.parametrize(
    ("target", "value"), [("version", 2), ("create_revision", 0), ("mod_revision", 0), ("value", b"x")]
)
def test_every_compare_can_fail(client, root, target, value):
    client.transaction([], [put(root + "a", b"1")])
    assert not client.transaction([compare(root + "a", target, value)], []).succeeded


def test_a_compare_and_delete_deletes(client, root):
    made = client.transaction([], [put(root + "a", b"1")])
    assert client.transaction([compare(root + "a", "create_revision", made.revision)], [delete(root + "a")]).succeeded
    assert client.read([root]) == (made.revision + 1, [[]])


def test_a_read_has_every_prefix_at_one_revision_in_key_order(client, root):
    for name in ("b/2", "a/10", "a/9", "ab"):
        client.transaction([], [put(root + name, name.encode())])
    revision, (under_a, under_b) = client.read([root + "a/", root + "b/"])
    assert [kv.key for kv in under_a] == [root + "a/10", root + "a/9"]
    assert [kv.value for kv in under_b] == [b"b/2"]
    assert revision == client.linearizable_revision()


def test_changes_are_what_was_put_since_and_how_many_keys_there_are(client, root):
    for name in ("a/1", "a/2", "b/1"):
        before = client.transaction([], [put(root + name, b"old")])
    client.transaction([], [put(root + "a/2", b"new"), put(root + "a/3", b"new")])
    last = client.transaction([], [delete(root + "b/1")])
    revision, (under_a, under_b) = client.changes([root + "a/", root + "b/"], before.revision)
    assert revision == last.revision
    assert ([(kv.key, kv.value) for kv in under_a.puts], under_a.total) == (
        [(root + "a/2", b"new"), (root + "a/3", b"new")],
        3,
    )
    assert under_b == ((), 0)


def test_a_lease_holds_its_key_until_it_is_revoked(client, root):
    lease, ttl_s = client.grant(5)
    client.transaction([], [put(root + "a", b"1", lease)])
    assert client.keepalive(lease) == ttl_s >= 5
    assert client.read([root])[1][0][0].lease == lease
    client.revoke(lease)
    assert client.read([root])[1] == [[]]
    assert client.keepalive(lease) == 0
    client.revoke(lease)


def test_a_put_under_a_lease_that_is_gone_is_refused(client, root):
    with pytest.raises(EtcdError, match="lease not found") as caught:
        client.transaction([], [put(root + "a", b"1", lease=12345)])
    assert not isinstance(caught.value, EtcdUnreachable)


def test_a_member_tells_what_it_thinks_of_itself(client):
    standing = client.standing()
    assert standing.leader == standing.member > 0
    assert standing.term > 0
    assert standing.version.startswith("3.")


def test_a_port_of_the_tests_is_given_to_nobody_else(own_etcd):
    own_etcd.kill()
    port = int(own_etcd.endpoint.rpartition(":")[2])
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    own_etcd.start()


def test_nobody_there_is_unreachable():
    with closing(Etcd([f"http://127.0.0.1:{free_port()}"], timeout_s=0.5)) as client:
        for call in (lambda: client.grant(1), lambda: client.keepalive(1), client.linearizable_revision):
            with pytest.raises(EtcdUnreachable):
                call()


def test_the_next_endpoint_is_taken_when_one_does_not_answer(etcd):
    with closing(Etcd([f"127.0.0.1:{free_port()}", etcd.endpoint], timeout_s=2)) as client:
        with pytest.raises(EtcdUnreachable):
            client.linearizable_revision()
        assert client.linearizable_revision() > 0


def test_a_frozen_member_costs_one_deadline_and_the_next_is_taken(members):
    first, second, third = members.endpoints.values()
    with closing(Etcd([first, second, third], timeout_s=1)) as client:
        lease, _ = client.grant(60)
        members.freeze("etcd-1")
        with pytest.raises(EtcdUnreachable, match="deadline"):
            client.keepalive(lease)
        assert eventually(lambda: client.keepalive(lease), "the next member") > 0


def test_a_member_without_the_others_answers_for_itself_alone(members):
    members.freeze("etcd-2")
    members.freeze("etcd-3")
    with closing(Etcd([members.endpoints["etcd-1"]], timeout_s=1)) as client:
        assert client.standing().version.startswith("3.")
        with pytest.raises(EtcdUnreachable):
            client.linearizable_revision()


def test_a_closed_client_is_unreachable(etcd):
    with etcd.client() as client:
        pass
    with pytest.raises(EtcdUnreachable):
        client.grant(1)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "localhost",
        "http://:2379",
        "http://etcd-1:abc",
        "http://etcd-1:99999",
        "http://etcd-1:0",
        "https://etcd-1:2379",
    ],
)
def test_what_is_no_endpoint_is_refused(endpoint):
    with pytest.raises(InputError, match="no etcd endpoint"):
        Etcd([endpoint], timeout_s=1)


def test_no_endpoint_at_all_is_refused():
    with pytest.raises(InputError, match=r"alluxio\.etcd\.endpoints"):
        Etcd([], timeout_s=1)


def test_all_leases_are_listed_with_a_revision_that_the_member_knows(client, root):
    lease, _ = client.grant(30)
    made = client.transaction([], [put(root + "a", b"1", lease)])
    revision, leases = client.leases()
    assert revision >= made.revision
    assert lease in leases
    client.revoke(lease)
    assert lease not in client.leases()[1]


def read_or_not(client, root):
    with suppress(EtcdError):
        client.read([root])


def test_readers_that_hang_up_do_not_end_etcd(etcd, root):
    with etcd.client() as writer:
        for number in range(100):
            writer.transaction([], [put(f"{root}{number}", b"x" * 100)])
    for _ in range(30):
        with etcd.client() as reader:
            readers = [threading.Thread(target=read_or_not, args=(reader, root)) for _ in range(8)]
            for one in readers:
                one.start()
        for one in readers:
            one.join()
    with etcd.client() as client:
        assert len(client.read([root])[1][0]) == 100


def test_who_calls_but_once_finds_a_member_that_answers_first(etcd, root):
    nobody = f"http://127.0.0.1:{free_port()}"
    with closing(Etcd([nobody, nobody, etcd.endpoint], timeout_s=1)) as client:
        client.find_answering()
        assert client.transaction([], [put(root + "a", b"1")]).succeeded


def test_where_no_member_answers_that_is_said():
    with closing(Etcd([f"http://127.0.0.1:{free_port()}"] * 2, timeout_s=1)) as client, pytest.raises(EtcdUnreachable):
        client.find_answering()


def test_what_is_compacted_is_known_to_be_and_may_be_so_twice(own_etcd):
    with closing(Etcd([own_etcd.endpoint], 5.0)) as etcd:
        first, last = (etcd.transaction([], [put("/a", value)]).revision for value in (b"1", b"2"))
        assert not etcd.is_compacted(first)
        etcd.compact(last)
        etcd.compact(last)
        assert (etcd.is_compacted(first), etcd.is_compacted(last)) == (True, False)
