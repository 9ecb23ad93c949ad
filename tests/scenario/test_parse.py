import pytest

from harness.errors import ScenarioError
from tests.scenario.reading import read

WHOLE = """
# A worker freezes past its lease and thaws.
cluster:
  etcd: {members: 3, runtime: process, timers: default, binary: /usr/bin/etcd}
  workers: 5
  clients: 2
  conf: fast
  properties: {alluxio.worker.failure.detection.timeout: 3s, alluxio.worker.rpc.port: 1, aws.key: x}
  broken: {worker-2: animals.py:StaleView, client-1: zoo/animals.py:Blind}
workload: {keys: 200, lookups_per_s: 200, reads_per_s: 0.5}
steps:
  - {at: 3s, for: 6s, pause: worker-2}
  - {at: 12s, restart: {worker: worker-3, signal: KILL, down_for: 2s}}
  - {at: 16s, for: 5s, partition: [[worker-1, worker-2], rest]}
  - {at: 16s, for: 5s, partition: {from: [worker-1], to: [etcd-1]}}
  - {when: {online: all, within: 1m}, after: 200ms, kill: {client: client-1}}
  - {when: {offline: [worker-1]}, isolate: etcd-2}
  - {when: {offline: 1}, restart: {worker: {any: 2}}}
duration: 2m
tail: 1s
settle: 20s
invariants: {default: true, without: [one-owner]}
expect: {violated: [views-agree], also: [one-owner]}
tags: [slow]
seed: 4
"""


def refused(text, **overrides):
    with pytest.raises(ScenarioError) as told:
        read(text, **overrides)
    return str(told.value).splitlines()


def test_the_whole_grammar_is_read():
    scenario = read(WHOLE)
    assert scenario.seed == 4
    assert [step.fault for step in scenario.fields.steps] == [
        "pause",
        "restart",
        "partition",
        "partition",
        "kill",
        "isolate",
        "restart",
    ]


def test_an_empty_map_is_a_scenario():
    fields = read("{}").fields
    assert (fields.cluster.workers, fields.cluster.clients, fields.cluster.etcd.members) == (3, 1, 1)
    assert (fields.tail, fields.settle, fields.duration, fields.invariants, fields.expect) == (
        3.0,
        30.0,
        None,
        "default",
        "valid",
    )


def test_own_properties_win_over_the_conf_file_and_that_over_the_defaults():
    properties = read(WHOLE).properties
    assert properties["alluxio.worker.failure.detection.timeout"] == "3s"
    assert properties["alluxio.user.worker.list.refresh.interval"] == "500ms"
    assert properties["alluxio.worker.rpc.port"] == "1"
    assert properties["alluxio.worker.web.port"] == "30000"
    assert properties["aws.key"] == "x"


def test_a_property_may_be_a_yaml_boolean():
    text = "cluster: {properties: {alluxio.user.dynamic.consistent.hash.ring.enabled: false}}"
    assert read(text).properties["alluxio.user.dynamic.consistent.hash.ring.enabled"] == "false"


def test_a_missing_default_conf_is_told_where_the_cluster_stands():
    text = "cluster: {workers: 3}"
    assert refused(text, cluster__conf="slow")[0].startswith("--set cluster.conf: there is no conf/slow.properties; ")


def test_a_scenario_wins_over_what_its_conf_file_has_that_is_not_built():
    text = "cluster: {conf: noop, properties: {alluxio.worker.membership.manager.type: ETCD}}"
    assert read(text).properties["alluxio.worker.membership.manager.type"] == "ETCD"


def test_the_same_error_is_told_once():
    assert len(refused("cluster: {wrokers: 3}")) == 1


def test_an_override_is_read_as_yaml_and_applied_before_anything_is_checked():
    scenario = read(
        "cluster: {workers: many}\nsteps: [{at: 1s, pause: worker-1}]", cluster__workers="5", steps__0__at="2s"
    )
    assert scenario.fields.cluster.workers == 5
    assert scenario.fields.steps[0].at == 2.0


def test_an_override_makes_the_maps_on_its_way():
    assert read("workload:\n", workload__keys="5", cluster__etcd__members="3").fields.cluster.etcd.members == 3


def test_a_property_keeps_its_dots_in_an_override():
    path = "cluster__properties__alluxio__worker__failure__detection__timeout"
    assert read("{}", **{path: "9s"}).properties["alluxio.worker.failure.detection.timeout"] == "9s"


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("cluster__wrokers", "5", "--set cluster.wrokers: unknown field 'wrokers'; did you mean 'workers'? "),
        ("workers", "5", "--set workers: unknown field 'workers'; did you mean cluster.workers? there are cluster, "),
        ("worker", "5", "--set worker: unknown field 'worker'; did you mean cluster.workers? there are cluster, "),
        (
            "cluster__keys",
            "5",
            "--set cluster.keys: unknown field 'keys'; did you mean workload.keys? there are etcd, ",
        ),
        ("members", "3", "--set members: unknown field 'members'; did you mean cluster.etcd.members? there are "),
        ("timeout", "3s", "--set timeout: unknown field 'timeout'; there are cluster, "),
        ("pause", "x", "--set pause: unknown field 'pause'; did you mean steps? there are cluster, "),
        (
            "alluxio__a__b",
            "1",
            "--set alluxio.a.b: unknown field 'alluxio'; did you mean cluster.properties? there are ",
        ),
        ("cluster__workers", "0", "--set cluster.workers: 0 is too small; it is at least 1"),
        ("cluster__etcd__runtime", "podman", "--set cluster.etcd.runtime: 'podman' is not allowed; it is auto, docker"),
        ("cluster__workers", "[", "--set cluster.workers: this is not YAML: "),
        ("cluster__workers__many", "5", "--set cluster.workers.many: cluster.workers is 2; only maps and lists have"),
        ("steps__3__at", "5s", "--set steps.3.at: steps has no item 3; there are 1, counted from 0"),
        ("steps__first", "5s", "--set steps.first: steps has no item first; there are 1, counted from 0"),
        ("steps__0__pause", "worker-3", "--set steps.0.pause: no node is called 'worker-3'; there are worker-1, "),
        ("cluster__properties__alluxio__no", "1", "--set cluster.properties.alluxio.no: no property is called "),
    ],
)
def test_what_an_override_made_wrong_is_told_by_its_option(path, value, told):
    lines = refused("cluster: {workers: 2}\nsteps: [{at: 1s, pause: worker-1}]", **{path: value})
    assert [line[: len(told)] for line in lines] == [told]


def test_what_is_wrong_elsewhere_because_of_an_override_is_told_in_the_file():
    text = "cluster: {workers: 3}\nsteps: [{at: 1s, pause: worker-3}]"
    assert refused(text, cluster__workers="2") == [
        "x.yaml:2:25: no node is called 'worker-3'; there are worker-1, worker-2, client-1, etcd-1"
    ]


def test_errors_of_options_come_after_those_of_the_file():
    lines = refused("seed: x\n", cluster__workers="0", settle="soon")
    assert [line.partition(" ")[0] for line in lines] == ["x.yaml:1:7:", "--set", "--set"]


@pytest.mark.parametrize(
    "steps",
    [
        "{at: 1s, for: 2s, pause: worker-1}, {at: 2s, for: 1s, pause: worker-1}",
        "{at: 1s, isolate: worker-1}, {at: 2s, restart: worker-1}",
        "{at: 5s, kill: worker-1}, {at: 1s, for: 1s, pause: worker-1}",
        "{at: 1s, kill: worker-1}, {when: {offline: 1}, restart: worker-2}",
    ],
    ids=["late", "a cut goes with anything", "the end comes last", "another node"],
)
def test_a_step_that_can_still_happen_is_no_error(steps):
    assert read(f"cluster: {{etcd: {{members: 3}}}}\nsteps: [{steps}]")


def test_columns_count_characters_and_lines_may_end_in_crlf():
    assert refused("tags: [ünïcödé]\r\nseed: x\r\n") == ["x.yaml:2:7: 'x' is no whole number; write it as 3"]
