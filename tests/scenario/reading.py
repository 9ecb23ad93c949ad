"""Scenarios read from text, with a conf and invariants of the tests' own."""

from harness.scenario.parse import parse
from harness.scenario.plan import make_plan

CONF = {
    "fast": "alluxio.worker.failure.detection.timeout=2s\nalluxio.user.worker.list.refresh.interval=500ms\n",
    "noop": "alluxio.worker.membership.manager.type=NOOP\n",
    "broken": "alluxio.worker.rpc.port=ten\nnothing\n",
}
INVARIANTS = ("views-agree", "one-owner", "enough-evidence")
OWN = ("enough-evidence",)


def read(text, file="x.yaml", **overrides):
    given = [(path.replace("__", "."), value) for path, value in overrides.items()]
    return parse(text, file, find_conf=CONF.get, invariants=INVARIANTS, own=OWN, overrides=given)


def plan(text, seed=7, **overrides):
    return make_plan(read(text, **overrides), seed)
