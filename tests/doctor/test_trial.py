"""The program that tries things, really started, and others in its place that hang, crash and babble."""

import os
import subprocess
import sys

import psutil
import pytest

from harness.cluster.wait import wait_until
from harness.doctor.trial import Answer, tried

pytestmark = pytest.mark.cluster

LINE = 'import json; print(json.dumps({"name": "x", "is_there": True, "fact": "y"}), flush=True)'


def program(text):
    return (sys.executable, "-c", text)


def test_what_runs_need_is_tried_in_a_sandbox():
    trial = tried("self")
    assert trial.ended == ""
    assert list(trial.answers) == ["namespaces", "networks", "partitions", "nftables", "rate", "latency"]
    assert all(trial.answers[name].is_there for name in ("namespaces", "networks", "partitions"))
    assert all(answer.fact for answer in trial.answers.values())


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become nobody")
def test_as_nobody_the_namespaces_are_tried_alone():
    trial = tried("nobody")
    assert trial.ended == ""
    assert list(trial.answers) == ["namespaces"]


def test_the_machines_own_network_is_as_it_was():
    def links():
        return sorted(psutil.net_if_addrs()), os.readlink("/proc/self/ns/net")

    before = links()
    tried("self")
    assert links() == before


def test_what_hangs_is_ended_with_all_that_it_started_and_what_it_said_before_counts():
    nested = f"{LINE}; import subprocess; subprocess.run(['sleep', '604800'])"
    trial = tried("self", 1, program(nested))
    assert trial.answers == {"x": Answer(True, "y")}
    assert trial.ended == "no answer within 1 s"
    wait_until("no sleeper", lambda: not sleepers(), 5)


def sleepers():
    return [p.pid for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "604800"]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "what tried it was ended by SIGSEGV"),
        ("raise SystemExit(128 + 9)", "what tried it was ended by SIGKILL"),
        ("raise SystemExit(3)", "what tried it ended with exit code 3"),
        ("raise OSError('no')", "what tried it ended with exit code 1: OSError: no"),
    ],
)
def test_what_crashes_is_told_and_what_it_said_before_counts(text, told):
    trial = tried("self", program=program(f"{LINE}\n{text}"))
    assert (trial.answers, trial.ended) == ({"x": Answer(True, "y")}, told)


def test_a_line_that_was_torn_is_no_answer():
    assert tried("self", program=program(f"{LINE}; print('{{\"name\": \"z', end='')")).answers.keys() == {"x"}


def test_whose_parent_is_another_tries_nothing():
    command = [sys.executable, "-P", "-m", "harness.doctor.inside", "1", "20", "self"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")


FAILING = """
import sys, threading
from harness.doctor import inside
inside._TRY_S = 1
def hang(self):
    threading.Event().wait()
def crash(self):
    raise KeyError("x")
def refuse(self):
    raise PermissionError(1, "Operation not permitted", "/proc/x")
inside.Trials.networks, inside.Trials.nftables, inside.Trials.rate = hang, crash, refuse
sys.exit(inside.main(sys.argv[1:]))
"""


def test_one_thing_that_hangs_or_fails_in_the_sandbox_leaves_the_others_to_be_tried():
    trial = tried("self", program=program(FAILING))
    assert trial.ended == ""
    assert trial.answers["networks"] == Answer(False, "no end after 1 s")
    assert trial.answers["partitions"] == Answer(False, "there is no network to cut")
    assert trial.answers["nftables"] == Answer(False, "KeyError: 'x'")
    assert trial.answers["rate"] == Answer(False, "Operation not permitted: /proc/x")
    assert "latency" in trial.answers


DYING = """
import os, sys
from harness.doctor import inside
inside.Trials.partitions = lambda self: os.abort()
sys.exit(inside.main(sys.argv[1:]))
"""


def test_a_sandbox_that_dies_leaves_what_it_said_before_and_the_reason():
    trial = tried("self", program=program(DYING))
    assert list(trial.answers) == ["namespaces", "networks"]
    assert trial.ended.startswith("what tried it")


def test_a_network_that_could_not_be_made_can_not_be_cut():
    text = """
from harness.doctor.inside import Trials
try:
    Trials().partitions()
except OSError as error:
    print(error)
"""
    done = subprocess.run(program(text), capture_output=True, text=True, check=True)
    assert done.stdout == "there is no network to cut\n"
