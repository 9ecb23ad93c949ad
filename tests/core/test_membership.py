import json
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.entity import NetAddress, WorkerEntity, encode
from harness.core.identity import WorkerId
from harness.core.membership import (
    Member,
    Replay,
    View,
    alive_key,
    alive_prefix,
    bytes_of,
    registered_key,
    registered_prefix,
    text_of,
    view_of,
)

CLUSTER = "c"
ONE, TWO, THREE = (WorkerId.of_uuid(UUID(int=number)) for number in (1, 2, 3))


def at(host):
    return NetAddress(host, rpc_port=29999, http_server_port=28080)


def value(worker, host="h"):
    return encode(WorkerEntity(worker, at(host)))


def registered(worker, host="h"):
    return registered_key(CLUSTER, worker), value(worker, host)


def alive(worker, host="h"):
    return alive_key(CLUSTER, worker), value(worker, host)


def test_keys_are_named_as_in_alluxio_with_a_slash_after_the_cluster():
    assert registered_key("c", ONE) == "/DHT/c/AUTHORIZED/worker-00000000-0000-0000-0000-000000000001"
    assert alive_key("c", ONE) == "/ServiceDiscovery/c/worker-00000000-0000-0000-0000-000000000001"
    assert not alive_key("c2", ONE).startswith(alive_prefix("c"))
    assert not registered_key("c2", ONE).startswith(registered_prefix("c"))


def test_online_is_registered_and_alive():
    view = view_of(CLUSTER, 7, [registered(ONE), registered(TWO)], [alive(TWO)])
    assert view == View(7, (Member(ONE, at("h"), False), Member(TWO, at("h"), True)))
    assert [member.id for member in view.online] == [TWO]
    assert [member.id for member in view.offline] == [ONE]


def test_an_alive_key_without_a_registered_one_is_no_member():
    assert view_of(CLUSTER, 7, [], [alive(ONE)]) == View(7)


def test_nothing_in_etcd_is_a_view_without_members():
    assert view_of(CLUSTER, 1, [], []) == View(1)


def test_an_address_is_from_the_alive_value_while_online():
    view = view_of(CLUSTER, 7, [registered(ONE, "old"), registered(TWO, "old")], [alive(ONE, "new")])
    assert [member.address.host for member in view.members] == ["new", "old"]


def test_members_come_in_the_order_of_etcds_keys():
    workers = [WorkerId.parse(text) for text in ("worker-10", "worker-9", "worker--1")]
    view = view_of(CLUSTER, 7, [registered(worker) for worker in workers], [])
    assert [str(member.id) for member in view.members] == ["worker--1", "worker-10", "worker-9"]


@pytest.mark.parametrize("bad", [b"", b"null", b"{}", b"worker1", b"\xff", value(ONE)[:-9]])
def test_a_bad_value_is_rejected_and_spoils_nothing_else(bad):
    key = registered_key(CLUSTER, THREE)
    view = view_of(CLUSTER, 7, [registered(ONE), (key, bad)], [alive(ONE), (alive_key(CLUSTER, THREE), bad)])
    assert [member.id for member in view.online] == [ONE]
    assert view.rejected == (key, alive_key(CLUSTER, THREE))


def test_a_member_whose_alive_value_is_bad_is_offline():
    view = view_of(CLUSTER, 7, [registered(ONE)], [(alive_key(CLUSTER, ONE), b"null")])
    assert [member.id for member in view.offline] == [ONE]
    assert view.rejected == (alive_key(CLUSTER, ONE),)


@pytest.mark.parametrize("other", ["a-key-before", "zz-a-key-after"])
def test_of_two_keys_with_one_identity_the_one_of_its_name_counts(other):
    copy = registered_prefix(CLUSTER) + other
    view = view_of(CLUSTER, 7, [(copy, value(ONE, "copy")), registered(ONE, "own")], [])
    assert [member.address.host for member in view.members] == ["own"]
    assert view.rejected == (copy,)


def test_of_two_foreign_keys_with_one_identity_the_first_counts():
    keys = [registered_prefix(CLUSTER) + name for name in ("b", "a")]
    view = view_of(CLUSTER, 7, [(key, value(ONE, key[-1])) for key in keys], [])
    assert [member.address.host for member in view.members] == ["a"]
    assert view.rejected == (keys[0],)


def test_the_ring_is_of_online_members_or_of_all():
    view = view_of(CLUSTER, 7, [registered(ONE), registered(TWO)], [alive(TWO)])
    assert view.on_ring(is_dynamic=True) == (TWO,)
    assert view.on_ring(is_dynamic=False) == (ONE, TWO)


def test_a_view_as_json_is_the_value_of_a_view_op():
    view = view_of(
        CLUSTER, 7, [registered(ONE), registered(TWO), (registered_prefix(CLUSTER) + "x", b"")], [alive(TWO)]
    )
    row = view.to_json()
    assert row == {
        "revision": 7,
        "online": {str(TWO): "h:28080"},
        "offline": {str(ONE): "h:28080"},
        "rejected": ["/DHT/c/AUTHORIZED/x"],
    }
    assert json.loads(json.dumps(row)) == row


def test_a_digest_is_of_the_content_and_not_of_the_revision():
    view = view_of(CLUSTER, 7, [registered(ONE)], [alive(ONE)])
    assert view.digest == replace(view, revision=8).digest
    others = [
        view_of(CLUSTER, 7, [registered(ONE)], []),
        view_of(CLUSTER, 7, [registered(ONE, "moved")], [alive(ONE, "moved")]),
        view_of(CLUSTER, 7, [registered(ONE), registered(TWO)], [alive(ONE)]),
        replace(view, rejected=("x",)),
        View(7),
    ]
    assert len({view.digest, *(other.digest for other in others)}) == 1 + len(others)


@given(st.binary() | st.lists(st.sampled_from([b"\\", b"x", b"5c", b"\xff", b"\\x41", b"\xc3\xa9"])).map(b"".join))
def test_any_bytes_survive_as_text(raw):
    assert bytes_of(text_of(raw)) == raw
    assert json.loads(json.dumps(text_of(raw))) == text_of(raw)


def test_text_stays_readable():
    assert text_of(b'{"Host":"h\\u003c \xc3\xa9"}') == '{"Host":"h\\u003c é"}'
    assert text_of(b"a\xffb") == "a\\xffb"
    assert text_of(b"a\\xffb") == "a\\x5cxffb"


def put(replay, revision, *kvs):
    for key, raw in kvs:
        replay.put(key, revision, text_of(raw))


def kvs(*pairs):
    return [{"key": key, "text": text_of(raw)} for key, raw in pairs]


def test_a_replay_begins_with_nothing():
    assert Replay(CLUSTER).view() == View(0)


def test_a_replay_follows_puts_and_deletes():
    replay = Replay(CLUSTER)
    put(replay, 5, registered(ONE), alive(ONE))
    assert replay.view() == view_of(CLUSTER, 5, [registered(ONE)], [alive(ONE)])
    replay.delete(alive_key(CLUSTER, ONE), 6)
    assert replay.view() == view_of(CLUSTER, 6, [registered(ONE)], [])
    replay.delete(registered_key(CLUSTER, ONE), 7)
    assert replay.view() == View(7)


def test_a_replay_tells_all_its_keys_whatever_stands_there():
    replay = Replay(CLUSTER)
    put(replay, 5, registered(ONE), (alive_key(CLUSTER, ONE), b"\xff"), ("/elsewhere", b""))
    assert replay.keys() == {registered_key(CLUSTER, ONE), alive_key(CLUSTER, ONE)}
    replay.delete(alive_key(CLUSTER, ONE), 6)
    assert replay.keys() == {registered_key(CLUSTER, ONE)}


def test_another_clusters_keys_change_the_revision_only():
    replay = Replay(CLUSTER)
    put(replay, 5, registered(ONE))
    members = replay.view().members
    put(replay, 6, (registered_key("c2", TWO), value(TWO)), ("/else", b""))
    assert replay.view().revision == 6
    assert replay.view().members is members


def test_a_snapshot_replaces_what_was_known():
    replay = Replay(CLUSTER)
    put(replay, 5, registered(ONE))
    replay.snapshot(8, kvs(registered(TWO), alive(TWO), ("/else", b"")))
    assert replay.view() == view_of(CLUSTER, 8, [registered(TWO)], [alive(TWO)])
    replay.snapshot(8, kvs(registered(TWO)))
    assert replay.view() == view_of(CLUSTER, 8, [registered(TWO)], [])


def test_a_second_snapshot_at_one_revision_says_the_same():
    replay, held = Replay(CLUSTER), kvs(registered(ONE), alive(ONE))
    replay.snapshot(8, held)
    replay.snapshot(8, held)
    assert replay.view() == view_of(CLUSTER, 8, [registered(ONE)], [alive(ONE)])


def test_an_event_that_a_snapshot_already_holds_changes_nothing():
    replay = Replay(CLUSTER)
    replay.snapshot(8, kvs(registered(TWO)))
    put(replay, 8, registered(ONE))
    replay.delete(registered_key(CLUSTER, TWO), 7)
    assert replay.view() == view_of(CLUSTER, 8, [registered(TWO)], [])
    put(replay, 9, registered(ONE))
    assert replay.view() == view_of(CLUSTER, 9, [registered(ONE), registered(TWO)], [])


def test_a_snapshot_older_than_the_log_changes_nothing():
    replay = Replay(CLUSTER)
    put(replay, 9, registered(ONE))
    replay.snapshot(8, [])
    assert replay.view() == view_of(CLUSTER, 9, [registered(ONE)], [])


def test_a_bad_value_in_the_log_is_rejected_until_it_is_gone():
    replay = Replay(CLUSTER)
    key = registered_key(CLUSTER, ONE)
    put(replay, 5, (key, b"\xff\\"))
    assert replay.view() == View(5, rejected=(key,))
    put(replay, 6, registered(ONE))
    assert replay.view() == view_of(CLUSTER, 6, [registered(ONE)], [])


names = st.sampled_from([registered_key, alive_key])
events = st.lists(
    st.tuples(names, st.sampled_from([ONE, TWO, THREE]), st.sampled_from([b"", value(ONE), value(TWO), None]))
)


@given(events)
def test_a_replay_is_the_view_of_what_stands_in_etcd(log):
    replay, standing = Replay(CLUSTER), {}
    for revision, (name, worker, raw) in enumerate(log, 1):
        key = name(CLUSTER, worker)
        if raw is None:
            standing.pop(key, None)
            replay.delete(key, revision)
        else:
            standing[key] = raw
            put(replay, revision, (key, raw))
        under = [
            [item for item in sorted(standing.items()) if item[0].startswith(prefix)]
            for prefix in (registered_prefix(CLUSTER), alive_prefix(CLUSTER))
        ]
        assert replay.view() == view_of(CLUSTER, revision, *under)
