"""What is collected, how it is named and marked, and what the plugin costs those who don't need it."""

import argparse
import subprocess
import sys

import pytest

from harness.pytest_plugin import seeds

HEAVY = {"pydantic", "ruamel", "rich", "click", "numpy", "aiohttp", "etcd3", "grpc", "psutil"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3", (1, 2, 3)), ("7,9", (7, 9)), ("5-7", (5, 6, 7)), ("9,1-3,2", (9, 1, 2, 3)), ("7-7", (7,)), ("0-0", (0,))],
)
def test_seeds_are_a_number_of_them_or_a_list(text, expected):
    assert seeds(text) == expected


@pytest.mark.parametrize("text", ["", "x", "1-", "-3", "1,,2", "1-99999999", "3.5"])
def test_what_is_no_list_of_seeds_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        seeds(text)


def collected(plugged, *options):
    result = plugged.run("--collect-only", "-q", *options)
    return [line for line in result.outlines if "::" in line]


def test_a_scenario_is_an_item_for_each_seed(plugged):
    plugged.scenario()
    assert collected(plugged) == ["scenarios/small.yaml::small[seed 1]"]
    both = ["scenarios/small.yaml::small[seed 4]", "scenarios/small.yaml::small[seed 9]"]
    assert collected(plugged, "--harness-seeds", "4,9") == both
    assert collected(plugged, "--harness-seeds", "4,9", both[1]) == both[1:]


def test_a_scenarios_own_seed_counts_where_none_is_asked_for(plugged):
    plugged.scenario(text="seed: 11\n")
    assert collected(plugged) == ["scenarios/small.yaml::small[seed 11]"]


def test_tags_are_marks_where_they_can_be(plugged):
    plugged.scenario()
    plugged.scenario("other", 'tags: ["a b", _x]\n')
    assert collected(plugged, "-m", "nightly") == ["scenarios/small.yaml::small[seed 1]"]
    assert collected(plugged, "-m", "not nightly") == ["scenarios/other.yaml::other[seed 1]"]


def test_only_what_is_named_is_a_scenario(plugged):
    (plugged.path / "more").mkdir()
    for place in ("more/a.yaml", "more/b.story.yaml", "more/c.txt", "data.yaml"):
        plugged.write(place, "{}\n")
    assert collected(plugged) == []
    assert collected(plugged, "--scenarios", "more") == ["more/a.yaml::a[seed 1]", "more/b.story.yaml::b.story[seed 1]"]
    plugged.write("pytest.ini", "[pytest]\nharness_scenarios = **/*.story.yaml\n")
    assert collected(plugged) == ["more/b.story.yaml::b.story[seed 1]"]


@pytest.mark.parametrize("dist", ["load", "loadgroup", "worksteal"])
def test_scenarios_asked_for_come_with_the_tests_also_with_workers(plugged, dist):
    plugged.write("test_it.py", "def test_it(): pass\n")
    (plugged.path / "more").mkdir()
    plugged.write("more/wrong.yaml", "[]\n")
    result = plugged.run("--scenarios", "more", "-n", "2", "--dist", dist)
    result.assert_outcomes(passed=1, failed=1)


def test_a_file_that_is_no_scenario_is_a_failed_item_with_the_place_and_the_others_go_on(plugged):
    plugged.scenario("wrong", "cluster: {workers: 2, clents: 1}\n")
    plugged.scenario("broken", "cluster: [\n")
    plugged.scenario("drawn", "cluster: {workers: 2}\nsteps: [{at: 1s, kill: worker-1}, {at: 1s, kill: {any: 2}}]\n")
    plugged.write("test_it.py", "def test_it(): pass\n")
    result = plugged.run()
    result.assert_outcomes(passed=1, failed=3)
    out = result.stdout.str()
    assert "scenarios/wrong.yaml:1:23: unknown field 'clents'; did you mean 'clients'?" in out
    assert "scenarios/broken.yaml:2:1: this is not YAML" in out
    assert "scenarios/drawn.yaml:2:50: 2 to draw" in out
    assert "Traceback" not in out
    assert "During handling" not in out
    assert "pytest_items.py" not in out


def test_a_marker_that_asks_for_what_cannot_be_fails_its_test_in_a_line(plugged):
    plugged.write(
        "test_it.py",
        "import pytest\n@pytest.mark.harness(workers=2, nodes=3)\ndef test_it(cluster): pass\n"
        '@pytest.mark.harness("nowhere")\ndef test_that(cluster): pass\n',
    )
    result = plugged.run()
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["unknown field 'nodes'; *", "nowhere: no such file, and no packaged scenario; *"])
    assert "pytest_cluster.py" not in result.stdout.str()


def test_a_test_with_a_cluster_is_one_for_each_seed_that_is_asked_for(plugged):
    plugged.write("test_it.py", "def test_it(cluster): pass\ndef test_that(): pass\n")
    wanted = ["test_it.py::test_it[seed 1]", "test_it.py::test_it[seed 2]", "test_it.py::test_that"]
    assert collected(plugged, "--harness-seeds", "2") == wanted


def test_a_fixture_of_that_name_that_somebody_has_already_is_left_alone(plugged):
    plugged.write("conftest.py", "import pytest\n@pytest.fixture\ndef cluster(): return 7\n")
    plugged.write(
        "test_it.py",
        "import sys\ndef test_it(cluster):\n    assert cluster == 7\n    assert 'harness.live' not in sys.modules\n",
    )
    plugged.run("--harness-seeds", "3").assert_outcomes(passed=1)


@pytest.mark.parametrize("line", ["harness_keep = some", "harness_unknown = pass"])
def test_a_wrong_word_in_the_ini_file_is_told(plugged, line):
    plugged.write("pytest.ini", f"[pytest]\n{line}\n")
    result = plugged.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{line.split()[0]} is '{line.split()[-1]}'; it is * or *"])


def test_where_there_is_nothing_to_do_nothing_is_imported(plugged):
    plugged.write(
        "test_it.py",
        f"import sys\ndef test_it():\n"
        f"    heavy = {{name.split('.')[0] for name in sys.modules}} & {HEAVY}\n"
        f"    assert not heavy, heavy\n"
        f"    assert 'google.protobuf' not in sys.modules\n"
        f"    ours = [name for name in sys.modules if name.startswith('harness')]\n"
        f"    assert ours == ['harness', 'harness.pytest_plugin'], ours\n",
    )
    plugged.run("-p", "no:xdist").assert_outcomes(passed=1)


def test_the_plugin_alone_imports_pytest_and_little_else():
    program = (
        "import pytest, sys; before = set(sys.modules); import harness.pytest_plugin; print(*set(sys.modules) - before)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"harness", "harness.pytest_plugin"}
