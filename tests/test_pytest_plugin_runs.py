"""Runs and clusters inside a user's pytest: what passes, what fails, and what is told."""

import json
import shutil
import xml.etree.ElementTree as ET

import pytest

from tests.plugged import SMALL, folders, gone
from tests.zoo.table import ZOO

pytestmark = pytest.mark.cluster

LIVE = """
import sys
import pytest
from harness.errors import ClusterError, InputError

@pytest.mark.harness(workers=2, keys=10, lookups_per_s=20, reads_per_s=2)
def test_it(cluster):
    assert cluster.states() == {"worker-1": "online", "worker-2": "online"}
    before = {key: cluster.lookup(key).owner for key in cluster.keys}
    assert set(before.values()) <= set(cluster.workers)
    read = cluster.read(cluster.keys[0], client="client-1")
    assert (read.owner, read.served_by) == (before[cluster.keys[0]],) * 2
    with cluster.inject("kill", "worker-1") as fault:
        assert fault.targets == ("worker-1",)
        cluster.wait_offline("worker-1")
        with pytest.raises(InputError, match="worker-1 is held by kill"):
            cluster.inject("pause", "worker-1")
    cluster.wait_online()
    cut = cluster.inject("partition", [["worker-1", "client-1"], "rest"])
    cut.heal()
    cut.heal()
    with cluster.inject("partition", [["worker-1"], "rest"]), pytest.raises(InputError, match="nobody can join while"):
        cluster.inject("join", 1)
    cluster.inject("join", 1)
    cluster.wait_agreed()
    assert set(cluster.states()) == {"worker-1", "worker-2", "worker-3"}
    cluster.inject("restart", "worker-2", down_for="200ms", signal="KILL")
    cluster.inject("pause", "any", for_="100ms")
    cluster.inject("pause", worker=["worker-1"])
    cluster.heal()
    for wrong in (("joyn", 1), ("kill", "worker-9"), ("join", 0)):
        with pytest.raises(InputError):
            cluster.inject(*wrong)
    with pytest.raises(InputError, match="no client is called 'client-7'"):
        cluster.lookup(cluster.keys[0], client="client-7")
    result = cluster.finish()
    assert result.outcome == "valid", result.to_json()
    with pytest.raises(ClusterError, match="is finished"):
        cluster.lookup(cluster.keys[0])

def test_nothing_that_would_hold_a_user_to_its_protobuf_was_imported():
    roots = {name.split(".")[0] for name in sys.modules}
    assert not {"etcd3", "grpc"} & roots
    assert "google.protobuf" not in sys.modules
"""


def properties_of(report):
    cases = ET.parse(report).iter("testcase")
    return {case.get("name"): {one.get("name"): one.get("value") for one in case.iter("property")} for case in cases}


def test_a_run_as_expected_passes_leaves_no_folder_and_tells_junit_its_verdict_and_phases(plugged):
    plugged.scenario()
    plugged.run("--junitxml", "report.xml").assert_outcomes(passed=1)
    assert folders(plugged.runs) == []
    told = properties_of(plugged.path / "report.xml")["small[seed 1]"]
    assert (told["harness_outcome"], told["harness_seed"]) == ("valid", "1")
    assert float(told["harness_run_s"]) > 1
    assert {"harness_start_s", "harness_heal_s", "harness_settle_s", "harness_stop_s", "harness_judge_s"} <= set(told)
    assert "harness_run_dir" not in told


def test_a_test_that_is_over_at_once_is_judged_all_the_same(plugged):
    plugged.write(
        "test_it.py", "import pytest\n@pytest.mark.parametrize('n', range(3))\ndef test_it(cluster, n):\n    pass\n"
    )
    plugged.run().assert_outcomes(passed=3)


def test_all_folders_stay_where_that_is_asked_for(plugged):
    plugged.scenario()
    plugged.run("--harness-keep", "all", "--harness-runs", "kept").assert_outcomes(passed=1)
    (folder,) = folders(plugged.path / "kept")
    assert json.loads((folder / "result.json").read_text())["outcome"] == "valid"
    assert gone(folder)


def zoo(plugged):
    """A story that ends violated, and does not say so."""
    shutil.copy(ZOO / "animals.py", plugged.path / "scenarios")
    text = (ZOO / "never-refreshes.yaml").read_text(encoding="utf-8")
    plugged.scenario("zoo", text[: text.index("expect:")])


def test_a_violation_is_told_in_sentences_with_seed_command_and_folder_and_no_traceback(plugged):
    zoo(plugged)
    result = plugged.run("--harness-seeds", "3-3", "--junitxml", "report.xml")
    result.assert_outcomes(failed=1)
    (folder,) = folders(plugged.runs)
    result.stdout.fnmatch_lines(
        [
            "violated   zoo   seed 3 *",
            "  violated   gone-worker-leaves-views",
            "    client-1 still shows worker-2 online at *",
            f"  evidence   runs/{folder.name}/history.jsonl, *",
            "  repeat     harness run scenarios/zoo.yaml --seed 3 --etcd process",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    assert "pytest_items.py" not in result.stdout.str()
    told = properties_of(plugged.path / "report.xml")["zoo[seed 3]"]
    assert told["harness_outcome"] == told["harness_gone-worker-leaves-views"] == "violated"
    assert told["harness_run_dir"] == f"runs/{folder.name}"


def test_what_nobody_can_judge_fails_with_the_reason_or_is_skipped(plugged):
    late = "  - {when: {offline: 2, within: 500ms}, kill: worker-2}\n"
    plugged.scenario(text=SMALL.replace("tail: 1s\n", f"{late}tail: 1s\n"))
    result = plugged.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*unknown    faults-are-proven: *not offline within 0.5 s*"])
    plugged.ini.write_text(plugged.ini.read_text() + "harness_unknown = skip\n")
    plugged.run().assert_outcomes(skipped=1)


def test_a_cluster_is_broken_asked_and_judged_from_python(plugged):
    plugged.write("test_it.py", LIVE)
    result = plugged.run("--harness-keep", "all", "--junitxml", "report.xml")
    result.assert_outcomes(passed=2)
    (folder,) = folders(plugged.runs)
    plan, text = json.loads((folder / "plan.json").read_text()), (folder / "scenario.yaml").read_text()
    told = ["kill", "partition", "partition", "join", "restart", "pause", "pause"]
    assert [step["fault"] for step in plan["steps"]] == told
    assert [text.count(f"{fault}:") for fault in ("kill", "partition", "join", "restart", "pause")] == [1, 2, 1, 1, 2]
    assert properties_of(plugged.path / "report.xml")["test_it"]["harness_outcome"] == "valid"
    assert gone(folder)


def test_a_test_that_fails_by_its_own_word_tells_how_to_do_it_again_and_its_folder_stays(plugged):
    plugged.write("test_it.py", "def test_it(cluster):\n    assert cluster.workers == 7\n")
    result = plugged.run("--harness-seeds", "5-5")
    result.assert_outcomes(failed=1)
    (folder,) = folders(plugged.runs)
    result.stdout.fnmatch_lines(
        ["*seed *5", "repeat *pytest *test_it*seed 5* --harness-seeds 5-5*", f"evidence *{folder}"]
    )
    assert (folder / "report.html").exists()
    plugged.run("--harness-seeds", "5-5", "--tb=no", "-p", "no:xdist")
    assert len(folders(plugged.runs)) == 2


def test_what_a_cluster_violated_fails_its_test(plugged):
    shutil.copy(ZOO / "animals.py", plugged.path)
    plugged.write(
        "test_it.py",
        "import pytest\n"
        '@pytest.mark.harness(workers=3, clients=2, broken={"client-1": "animals.py:NeverRefreshes"})\n'
        "def test_it(cluster):\n"
        '    with cluster.inject("kill", "worker-2"):\n'
        '        cluster.wait_offline("worker-2")\n'
        '        cluster.inject("pause", "client-2", for_="4s")\n',
    )
    result = plugged.run("--harness-seeds", "7-7")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "violated   test_it   seed 7*",
            "*violated   gone-worker-leaves-views",
            "  repeat     pytest 'test_it.py::test_it?seed 7?' --harness-seeds 7-7",
        ]
    )


def test_a_test_that_fails_in_the_middle_of_a_fault_is_told_as_such_and_the_cluster_is_healed_and_judged(plugged):
    plugged.write(
        "test_it.py",
        "def test_it(cluster):\n    cluster.inject('pause', 'worker-1')\n    assert cluster.workers == 7\n"
        "def test_that(cluster):\n    cluster.inject('kill', 'worker-9')\n",
    )
    result = plugged.run("--harness-keep", "all")
    result.assert_outcomes(failed=2)
    assert "no node is called 'worker-9'" in result.stdout.str()
    assert "diary.py" not in result.stdout.str()
    found = folders(plugged.runs)
    (first,) = (json.loads((one / "result.json").read_text()) for one in found if one.name.startswith("test_it-"))
    assert [(fault["text"], fault["heal"]) for fault in first["faults"]] == [("pause worker-1", "proven")]
    assert gone(*found)
