"""
Asks each member of etcd by itself, where there are several: whether it answers a linearizable read, and who leads.

The observer's other reads go to whichever member answers, so they tell of etcd as a whole alone.
"""

import threading
import time
from collections.abc import Sequence

from harness.core.history import OBSERVER
from harness.errors import EtcdError
from harness.etcd import Etcd, Standing, address
from harness.recorder import Writer

_EVERY_S = 0.2
_TIMEOUT_S = 1.0


def member_watches(endpoints: Sequence[str], writer: Writer) -> list["MemberWatch"]:
    """One for each of several members, called as their hosts are; of a single one there is nothing to tell."""
    leadership = Leadership(writer)
    if len(endpoints) == 1:
        return []
    return [MemberWatch(address(endpoint)[0], endpoint, leadership, writer) for endpoint in endpoints]


class Leadership:
    """
    Who leads, by what the members say: each new leader, or new term of the old one, is recorded once.

    What a member says of an earlier term is old: it is cut off, or was paused.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._lock = threading.Lock()
        self._names: dict[int, str] = {}
        self._term = 0

    def said(self, name: str, standing: Standing) -> None:
        with self._lock:
            self._names[standing.member] = name
            leader = self._names.get(standing.leader)
            if leader and standing.term > self._term:
                self._term = standing.term
                self._writer.fact(OBSERVER, "leader", {"member": leader, "term": standing.term})


class MemberWatch:
    """One member, asked over a connection of its own until the process ends."""

    def __init__(self, name: str, endpoint: str, leadership: Leadership, writer: Writer) -> None:
        self._name, self._endpoint, self._leadership, self._writer = name, endpoint, leadership, writer

    def run(self) -> None:
        etcd = Etcd([self._endpoint], _TIMEOUT_S)
        while True:
            began_s = time.monotonic()
            self._ask(etcd)
            time.sleep(max(0.0, _EVERY_S - (time.monotonic() - began_s)))

    def _ask(self, etcd: Etcd) -> None:
        about = {"member": self._name, "sent_ns": time.monotonic_ns()}
        try:
            self._leadership.said(self._name, etcd.standing())
            revision = etcd.linearizable_revision()
        except EtcdError as error:
            self._writer.fact(OBSERVER, "member", {**about, "revision": 0}, "fail", str(error))
        else:
            self._writer.fact(OBSERVER, "member", {**about, "revision": revision})
