import shutil
import subprocess
import sysconfig
from contextlib import closing
from queue import SimpleQueue

import pytest

from harness.etcd import Etcd, delete, put
from tests.conftest import Cluster, eventually

pytestmark = pytest.mark.cluster


class Seen:
    """What a watch delivered, in order."""

    def __init__(self):
        self._queue = SimpleQueue()

    def events(self, events):
        for event in events:
            self._queue.put((event.kind, event.kv.key, event.kv.value))

    def reset(self, revision, kvs):
        self._queue.put(("reset", [(kv.key, kv.value) for kv in kvs]))

    def next(self):
        return self._queue.get(timeout=15)

    def is_empty(self):
        return self._queue.empty()


def compact(etcd, revision):
    etcdctl = shutil.which("etcdctl", path=sysconfig.get_path("scripts")) or "etcdctl"
    subprocess.run([etcdctl, "--endpoints", etcd.endpoint, "compact", str(revision)], check=True, capture_output=True)


def test_a_watch_tells_the_past_and_the_future_of_its_prefixes_alone(client, root):
    start = client.linearizable_revision() + 1
    client.transaction([], [put(root + "b/x", b"1"), put(root + "between", b"2"), put(root + "a/x", b"3")])
    seen = Seen()
    watch = client.watch([root + "b/", root + "a/"], start, seen.events, seen.reset)
    assert [seen.next(), seen.next()] == [("put", root + "b/x", b"1"), ("put", root + "a/x", b"3")]
    client.transaction([], [delete(root + "a/x")])
    assert seen.next() == ("delete", root + "a/x", b"")
    watch.stop()


def test_a_watch_from_before_a_compaction_lists_anew_and_goes_on(etcd, client, root):
    start = client.linearizable_revision() + 1
    for value in (b"1", b"2", b"3"):
        client.transaction([], [put(root + "a", value)])
    compact(etcd, client.linearizable_revision())
    seen = Seen()
    watch = client.watch([root], start, seen.events, seen.reset)
    assert seen.next() == ("reset", [(root + "a", b"3")])
    client.transaction([], [put(root + "a", b"4")])
    assert seen.next() == ("put", root + "a", b"4")
    watch.stop()


def test_a_watch_misses_and_repeats_nothing_over_a_restart_of_etcd(own_etcd):
    with Cluster("c", own_etcd).client() as client:
        seen = Seen()
        watch = client.watch(["/c/"], 1, seen.events, seen.reset)
        client.transaction([], [put("/c/a", b"1")])
        assert seen.next() == ("put", "/c/a", b"1")
        own_etcd.kill()
        own_etcd.start()
        eventually(lambda: client.transaction([], [put("/c/a", b"2")]), "a put after the restart")
        assert seen.next() == ("put", "/c/a", b"2")
        assert seen.is_empty()
        watch.stop()


def test_a_watch_leaves_a_member_that_freezes_and_misses_nothing(members):
    first, second, third = members.endpoints.values()
    watcher, writer = Etcd([first, second, third], timeout_s=1), Etcd([second, third], timeout_s=1)
    with closing(watcher), closing(writer):
        seen = Seen()
        watch = watcher.watch(["/c/"], 1, seen.events, seen.reset)
        writer.transaction([], [put("/c/a", b"1")])
        assert seen.next() == ("put", "/c/a", b"1")
        members.freeze("etcd-1")
        eventually(lambda: writer.transaction([], [put("/c/a", b"2")]), "a put beside the frozen member")
        assert seen.next() == ("put", "/c/a", b"2")
        assert seen.is_empty()
        watch.stop()


def test_a_watch_stops_while_etcd_is_down(own_etcd):
    with Cluster("c", own_etcd).client(timeout_s=0.5) as client:
        watch = client.watch(["/c/"], 1, print, print)
        own_etcd.kill()
        watch.stop()
