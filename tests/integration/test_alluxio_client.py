"""
The package `alluxio` of PyPI, unchanged, as a client of our workers.

It has an environment of its own, made once a session. Where PyPI is out of reach these tests are skipped, with the
reason, and fail where `HARNESS_REQUIRE_PYPI` is set, as `.ci/run` does.
"""

import json
import os
import sys
from pathlib import Path

import pytest

from harness import load_scenario, make_plan, run
from harness.core.content import sha256_of
from harness.core.identity import WorkerId
from harness.core.ring import Ring
from harness.faults.decommission import Decommission
from harness.scenario.parse import parse
from tests.clients.installed import NotInstalledError, interpreter_in
from tests.integration.conftest import Held

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]  # pip may take its time

CLIENTS = Path(__file__).parent.parent / "clients"
VNODES = 2000
FILE_BYTES = 10_000_000
KEYS = [f"file:///ufs/key-{number:05}" for number in range(1, 10_001)]
STORY = """
cluster: {workers: 3, clients: 1, properties: {alluxio.worker.failure.detection.timeout: 2s,
  alluxio.user.worker.list.refresh.interval: 500ms}}
workload: {keys: 2, file_bytes: %d}
system: {client: %s}
"""
ASK = """
import socket, sys
lines = []
for _ in range(16):
    line = socket.socket(socket.AF_UNIX)
    line.connect(sys.argv[1])
    lines.append((line, line.makefile()))
questions = open(sys.argv[2]).readlines()
for first in range(0, len(questions), len(lines)):
    asked = list(zip(lines, questions[first:]))
    for (line, _), question in asked:
        line.sendall(question.encode())
    for (_, answers), _ in asked:
        print(answers.readline(), end="")
"""
"""Asks a node, over its control socket, what stands in a file: some questions at once, answers in their order."""


@pytest.fixture(scope="session")
def python(tmp_path_factory):
    """The interpreter that has the package; the workers of pytest-xdist share it."""
    own = tmp_path_factory.getbasetemp()
    try:
        return interpreter_in(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)
    except NotInstalledError as error:
        if os.environ.get("HARNESS_REQUIRE_PYPI"):
            raise
        pytest.skip(f"the package alluxio can't be had: {error}")


@pytest.fixture
def held(tmp_path, python):
    """Three workers, with the package as their client, and files of ten pages."""
    (tmp_path / "logs").mkdir()
    command = load_scenario(CLIENTS / "alluxio.yaml").fields.system.client.command
    guest = {"command": [str(python), str(CLIENTS / "alluxio_client.py"), *command[2:]]}
    text = STORY % (FILE_BYTES, json.dumps(guest))
    plan = make_plan(parse(text, "held.yaml", find_conf=lambda name: "", invariants=()), seed=1)
    with Held(tmp_path, plan).started() as held:
        yield held


def asked(held, *requests):
    """What the client answers."""
    questions = held.folder / "questions.jsonl"
    questions.write_text("".join(json.dumps(request) + "\n" for request in requests))
    said = held.inside(sys.executable, "-c", ASK, "/.harness/client-1/control.sock", str(questions), within_s=120)
    return [json.loads(line) for line in said.splitlines()]


def ring_of(held, *workers):
    return Ring.build(sorted((WorkerId.parse(held.plan.identities[name]) for name in workers), key=str), VNODES)


def test_it_reads_a_file_of_several_pages_byte_for_byte_from_its_owner(held):
    ring = ring_of(held, *held.plan.workers)
    for key in held.plan.workload.keys:
        (told,) = asked(held, {"do": "read", "key": key})
        owner = str(ring.owner(key))
        facts = {"length": FILE_BYTES, "sha256": sha256_of(held.plan.seed, key, FILE_BYTES)}
        assert told == {"ok": True, "owner": owner, "served_by": owner, **facts, "revision": None}


def test_its_ring_has_the_owners_of_ours_before_and_after_a_decommission(held):
    def owners():
        return [answer["owner"] for answer in asked(held, *({"do": "lookup", "key": key} for key in KEYS))]

    everyone = ring_of(held, *held.plan.workers)
    before = owners()
    assert before == [str(everyone.owner(key)) for key in KEYS]
    assert Decommission(("worker-2",)).inject(held.cluster).outcome == "proven"
    without = ring_of(held, "worker-1", "worker-3")
    after = owners()
    assert after == [str(without.owner(key)) for key in KEYS]
    moved = {was for was, now in zip(before, after, strict=True) if was != now}
    assert moved == {held.plan.identities["worker-2"]}


def test_a_run_with_a_restart_and_a_decommission_is_valid_and_its_reads_are_judged(python, tmp_path):
    scenario = load_scenario(CLIENTS / "alluxio.yaml", [("system.client.command.0", str(python))])
    result = run(make_plan(scenario, seed=1), scenario, runs=tmp_path)
    assert result.outcome == "valid", result.to_json()
    examined = {one.name: one.examined for one in result.invariants}
    assert examined["reads-are-what-the-ufs-holds"]["reads"] > 100
    assert examined["healthy-owners-serve"]["examined"] > 100
