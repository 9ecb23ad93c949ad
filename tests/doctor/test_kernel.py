import os

import pytest

from harness.doctor import kernel
from harness.doctor.trial import Answer, Trial

ALL = ("namespaces", "networks", "partitions", "nftables", "rate", "latency")


def findings(monkeypatch, trial):
    monkeypatch.setattr(kernel, "tried", lambda who: trial)
    return {found.name: found for found in kernel.kernel()}


def answers(*names, **facts):
    return {name: Answer(name not in facts, facts.get(name, "fact")) for name in names}


def test_where_all_is_there_all_is_told(monkeypatch):
    found = findings(monkeypatch, Trial(answers(*ALL)))
    assert {name: each.state for name, each in found.items()} == dict.fromkeys(
        ("namespaces", "networks", "partitions", "nftables", "tc tbf", "tc netem"), "yes"
    )
    assert [name for name, each in found.items() if each.is_needed] == ["namespaces", "networks"]


def test_refused_namespaces_are_the_one_thing_to_mend(monkeypatch):
    found = findings(monkeypatch, Trial(answers("namespaces", namespaces="the kernel refuses")))
    assert list(found) == ["namespaces"]
    assert (found["namespaces"].state, found["namespaces"].fact) == ("no", "the kernel refuses")
    assert "runs are refused" in found["namespaces"].consequence


def test_what_is_missing_has_a_remedy(monkeypatch):
    lacking = dict.fromkeys(ALL[1:], "no")
    found = findings(monkeypatch, Trial(answers(*ALL, **lacking)))
    assert all(each.state == "no" and each.remedy for name, each in found.items() if name != "namespaces")


def test_what_came_to_no_answer_is_unknown_with_the_reason(monkeypatch):
    found = findings(monkeypatch, Trial(answers("namespaces", "networks"), "ended by SIGSEGV"))
    assert (found["networks"].state, found["partitions"].state) == ("yes", "unknown")
    assert found["tc netem"].fact == "ended by SIGSEGV"
    found = findings(monkeypatch, Trial({}, "no answer within 20 s"))
    assert (found["namespaces"].state, found["namespaces"].is_needed) == ("unknown", True)
    assert found["networks"].is_needed


@pytest.mark.parametrize(
    ("trial", "state"),
    [
        (Trial(answers("namespaces")), "yes"),
        (Trial(answers("namespaces", namespaces="refused")), "no"),
        (Trial({}, "no answer"), "unknown"),
    ],
)
def test_root_learns_whether_others_could_run_and_needs_it_not(monkeypatch, trial, state):
    monkeypatch.setattr(kernel, "tried", lambda who: trial)
    monkeypatch.setattr(os, "getuid", lambda: 0)
    (found,) = kernel.for_others()
    assert (found.name, found.state, found.is_needed) == ("for users", state, False)


def test_a_user_learns_of_themselves_alone(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert kernel.for_others() == []
