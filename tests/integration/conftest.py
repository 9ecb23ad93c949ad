"""A real cluster of three workers and a client, held as a run holds it."""

import os
import signal
import sysconfig
import tempfile
import threading
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from harness import make_plan
from harness.cluster.cluster import Cluster
from harness.cluster.control import Control
from harness.cluster.etcd_runtime import choose_runtime
from harness.cluster.roles import HARNESS_PLACE, every_spec
from harness.cluster.spec import Spec
from harness.cluster.status import Status
from harness.cluster.wait import wait_until
from harness.recorder import Recorder
from harness.scenario.parse import parse
from tests.integration.desk import GONE_S, Desk, mounts, somebody

SCENARIO = """
cluster: {workers: 3, clients: 1, properties: {alluxio.worker.failure.detection.timeout: 2s,
  alluxio.user.worker.list.refresh.interval: 200ms}}
workload: {keys: 10}
"""


class Held:
    """`ops` are all so far; `inside` runs a program in the sandbox, as somebody on the cluster's network would."""

    def __init__(self, folder, plan):
        self.folder, self.plan, self.ops, self.died = folder, plan, [], []
        self._programs = 0

    def inside(self, program, *arguments, within_s=20):
        """The output of a program of this environment; its exit status is the last line."""
        self._programs += 1
        name = f"program-{self._programs}"
        log = self.folder / "logs" / f"{name}.log"
        path = str(Path(sysconfig.get_path("scripts"), program))
        spec = Spec(name, (path, *arguments), str(log), HARNESS_PLACE, "harness")
        self.control.ask("start", specs=[spec.to_json()])
        wait_until(program, lambda: not self.control.ask("process", name=name)["running"], within_s)
        return log.read_text()

    def seen(self, actor, f):
        return [op for op in self.ops if (op.actor, op.f) == (actor, f) and op.type == "ok"]

    @contextmanager
    def started(self):
        status = Status(self.plan, lambda name, why: self.died.append(why))
        runtime = choose_runtime(self.plan.etcd)
        with Recorder(self.folder / "history.jsonl", [status.hear, self.ops.append], self.died.append) as recorder:
            metrics, log = self.folder / "metrics.jsonl", self.folder / "logs" / "supervisor.log"
            self.control = Control(
                recorder.theirs, metrics, log, str(self.folder), self.died.append, engine=runtime.engine
            )
            recorder.hang_up()
            specs = every_spec(self.plan, runtime, self.folder / "logs", self.folder)
            self.cluster = Cluster(self.plan, self.control, status, specs, threading.Event())
            try:
                self.cluster.start(print)
                yield self
            finally:
                left = self.cluster.stop()
        assert left == []


@pytest.fixture
def held(tmp_path):
    (tmp_path / "logs").mkdir()
    scenario = parse(SCENARIO, "held.yaml", find_conf=lambda name: "", invariants=())
    with Held(tmp_path, make_plan(scenario, seed=1)).started() as held:
        yield held


@pytest.fixture
def runtime():
    with tempfile.TemporaryDirectory(prefix="harness-test-") as folder:
        yield Path(folder)


@pytest.fixture(params=["root", "user"])
def desk(request, tmp_path, runtime):
    """As root, where the tests are, and without its rights; at the end nothing of it is left."""
    with somebody() if request.param == "user" else nullcontext(()) as prefix:
        yield from _left_clean(Desk(tmp_path, runtime, prefix))


@pytest.fixture
def desk_of_mine(tmp_path, runtime):
    yield from _left_clean(Desk(tmp_path, runtime))


def _left_clean(desk):
    there = mounts()
    yield desk
    try:
        wait_until("the end of all", lambda: not desk.processes(), GONE_S)
    finally:
        for pid in desk.processes():
            os.kill(pid, signal.SIGKILL)
    assert mounts() == there
    assert list((desk.runtime / "harness").iterdir()) == []
