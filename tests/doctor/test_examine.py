"""Probes that find, fail and hang, and a checkup of other systems than Linux."""

import os
import socket
import sys
import threading

import pytest

from harness.doctor.examine import PROBES, Probe, examine
from harness.doctor.finding import Finding

FOUND = Finding("good", "yes", "fact")


def crash():
    raise KeyError("x")


def test_findings_come_in_the_order_of_the_probes():
    slow = threading.Event()

    def last_of_all():
        slow.wait(10)
        return [FOUND]

    def first_of_all():
        slow.set()
        return [Finding("second", "yes", "")]

    told = examine([Probe("a", last_of_all), Probe("b", first_of_all)])
    assert [found.name for found in told.findings] == ["good", "second"]


def test_a_probe_that_crashes_is_a_finding_and_the_others_are_told():
    told = examine([Probe("bad", crash), Probe("good", lambda: [FOUND])])
    assert told.findings == (Finding("bad", "unknown", "KeyError: 'x'"), FOUND)
    assert told.missing == ()


def test_a_probe_that_hangs_is_a_finding_and_the_others_are_told():
    forever = threading.Event()
    told = examine([Probe("bad", forever.wait, is_needed=True), Probe("good", lambda: [FOUND])], deadline_s=0.1)
    forever.set()
    assert told.findings == (Finding("bad", "unknown", "no answer within 0.1 s", is_needed=True), FOUND)
    assert told.missing == ("bad",)


@pytest.mark.parametrize("kind", ["darwin", "freebsd14"])
def test_where_there_is_no_linux_all_of_it_is_told_without_a_call_of_linux(monkeypatch, kind):
    monkeypatch.setattr(sys, "platform", kind)
    for owner, name in ((os, "sched_getaffinity"), (os, "setresuid"), (socket, "AF_NETLINK"), (socket, "SO_PEERCRED")):
        monkeypatch.delattr(owner, name)
    told = examine(PROBES)
    states = {found.name: found.state for found in told.findings}
    assert states["namespaces"] == "no"
    assert set(states.values()) <= {"yes", "no"}
    assert "namespaces" in told.missing
    namespaces = next(found for found in told.findings if found.name == "namespaces")
    assert "limactl start" in namespaces.remedy["macos"]
    assert told.system == "macos" if kind == "darwin" else True
