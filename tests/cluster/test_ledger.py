import os
import subprocess
import sys

import pytest

from harness.cluster.ledger import MARK, Ledger, own_namespaces


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
    assert Ledger("runs/mine", frozenset()).left_behind() == [f"process {marked.pid}"]


def test_a_process_of_another_run_is_not(marked):
    assert Ledger("runs/mine-2", frozenset()).left_behind() == []


def test_a_process_in_a_namespace_of_the_run_is_left_behind(marked):
    network = next(name for name in own_namespaces() if name.startswith("net:"))
    assert f"namespace {network} of process {marked.pid}" in Ledger("other", frozenset([network])).left_behind()


def test_once_it_has_ended_nothing_is_left_behind(marked):
    marked.kill()
    marked.wait()
    assert Ledger("runs/mine", frozenset()).left_behind() == []
