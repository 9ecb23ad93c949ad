"""A desk on a cluster in memory, whose ops are told by hand."""

import os
import threading
from contextlib import suppress
from dataclasses import replace

from harness.attempt import Running
from harness.cluster.status import Status
from harness.core.history import WORKLOAD
from harness.daemon.desk import Desk
from harness.daemon.doors import Doors
from harness.daemon.place import Place
from harness.daemon.watched import Watched
from harness.errors import ClusterError
from harness.hands import Hands
from harness.injector import Injector
from harness.load import load_diary
from harness.report.run_dir import RunDir
from tests.checks.telling import flat, joined, snapshot, started
from tests.test_hands import Growing


class Held(Growing):
    """`outside` are pids; clients answer as `answer` does. At `both` whoever publishes waits a moment for another."""

    def __init__(self, *names):
        super().__init__(*names)
        self.published, self.outside, self.answer = [], {}, None
        self.both = None

    def publish(self, doors, log):
        if self.both:
            with suppress(threading.BrokenBarrierError):
                self.both.wait(0.2)
        self.published += [node for node, _ in doors]

    def pids_outside(self):
        if self.outside is None:
            raise ClusterError("the supervisor is gone")
        return self.outside

    def namespaces_of(self, node):
        return {kind: os.open(os.devnull, os.O_RDONLY) for kind in ("net", "user", "pid", "mnt")}

    def node(self, name):
        return self if name == WORKLOAD else super().node(name)

    def tell(self, do, **asked):
        self.answer(do, **asked)

    def seconds_until(self, what, probe, timeout_s, last_seen=str):
        return super().seconds_until(what, probe, timeout_s)


class Rig:
    """A desk of three workers that are online, of identities as the tests of checks have them."""

    def __init__(self, folder):
        diary, self.why = load_diary("bench", folder, workers=3, clients=2, users=1), ""
        told = {f"worker-{n}": f"worker-00000000-0000-0000-0000-00000000000{n}" for n in range(1, 6)}

        def adjust(plan):
            cluster = {**plan.properties, "alluxio.cluster.name": "told"}
            return replace(plan, identities={name: told[name] for name in plan.identities}, properties=cluster)

        self.plan = plan = adjust(diary.plan())
        run_dir = RunDir.create(folder / "runs", "bench", 1)
        self.status, self.watched = Status(plan, lambda name, why: None), Watched()
        self.cluster, self.ops, self.done = Held(*plan.names), [], []
        self.hands = Hands(diary, plan, run_dir, adjust, goes_on=True)
        grow, sum_up, flush = self._grow, lambda: self.done.append("summed up"), lambda: self.done.append("flushed")
        injector = Injector(self.cluster, self.ops.append)
        running = Running(self.cluster, injector, self.status, 0, grow, sum_up, flush, lambda: self.why)
        self.hands.take(running, plan)
        self.watched.look_at(plan, self.status)
        self.place = Place.of("dev")
        self.lock = self.place.claim()
        self.doors = Doors(folder / "log")
        self.desk = Desk(self.place, self.hands, self.watched, self.doors, "unix:///engine")
        self.hear(snapshot(0, 1), [started(0.2, name, n) for n, name in enumerate(plan.workers, 11)])
        self.hear([started(0.3, name, n) for n, name in enumerate(plan.clients, 21)])
        self.hear([joined(1, name, n, n) for n, name in enumerate(plan.workers, 2)])

    def _grow(self, plan):
        self.cluster.grow(plan)
        self.status.grow(plan)

    def hear(self, *ops):
        for one in flat(ops):
            self.status.hear(one)
            self.watched.op(one)

    def node(self, name):
        return next(row for row in self.desk.do_status()["nodes"] if row["node"] == name)
