import os
import subprocess
import sys

import pytest

from harness.cluster.ledger import MARK, Ledger, own_namespaces

OWN = {os.readlink(f"/proc/self/ns/{kind}") for kind in ("pid", "mnt", "net", "user")}


@pytest.fixture
def marked():
    process = subprocess.Popen(
        [sys.executable, "-c", "print('here', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, MARK: "runs/mine"},
    )
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_process_with_the_runs_mark_is_left_behind(marked):
    assert Ledger("runs/mine").left_behind() == [f"process {marked.pid}"]


def test_a_process_of_another_run_is_not(marked):
    assert Ledger("runs/mine-2").left_behind() == []


def test_a_process_in_a_namespace_of_the_run_is_left_behind(marked):
    ledger = Ledger("other", own_namespaces())
    assert ledger.namespaces == frozenset()
    (network,) = (name for name in OWN if name.startswith("net:"))
    ledger.namespaces = frozenset([network])
    assert f"namespace {network} of process {marked.pid}" in ledger.left_behind()
    ledger.close()


def test_once_it_has_ended_nothing_is_left_behind(marked):
    marked.kill()
    marked.wait()
    assert Ledger("runs/mine").left_behind() == []
