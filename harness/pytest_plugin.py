"""
The pytest plugin: scenario files as items, and the fixture `cluster`.

Every pytest of whoever installs the harness imports this module, so it imports next to nothing; what it needs for a
scenario or a cluster it imports once there is one.
"""

import argparse
import re
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.core.plan import Plan
    from harness.live import Live
    from harness.pytest_items import ScenarioFile

ENDINGS = (".yaml", ".yml")
_FILES = pytest.StashKey[frozenset[Path]]()
_SEEDS = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")
_SEEDS_MAX = 10_000


def seeds(text: str) -> tuple[int, ...]:
    """`3` is the seeds 1 to 3; `7,9` and `5-8` are those seeds. Raises ArgumentTypeError."""
    if not _SEEDS.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seeds (3), and no list (7,9 or 5-8)")
    if text.isdecimal():
        parts = [(1, int(text))]
    else:
        parts = [(int(first), int(last or first)) for first, _, last in (p.partition("-") for p in text.split(","))]
    if sum(last - first + 1 for first, last in parts) > _SEEDS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {_SEEDS_MAX} seeds")
    return tuple(dict.fromkeys(seed for first, last in parts for seed in range(first, last + 1)))


def _scale(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0 and up to 1000")
    return value


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("harness", "clusters that break (harness)")
    group.addoption("--scenarios", action="append", default=[], metavar="DIR", help="Run the scenarios in DIR too.")
    group.addoption(
        "--harness-seeds", type=seeds, metavar="N|LIST", help="Seeds of each scenario: 3 is 1 to 3; or 7,9 or 5-8."
    )
    group.addoption("--harness-runs", metavar="DIR", help="Where the folders of runs go.")
    group.addoption("--harness-keep", choices=("failures", "all"), help="Which folders of runs stay.")
    group.addoption("--harness-etcd", choices=("auto", "docker", "process"), help="How etcd runs.")
    group.addoption("--harness-time-scale", type=_scale, metavar="X", help="Multiply bounds and timeouts.")
    parser.addini("harness_scenarios", "Scenario files: folders and globs, from the rootdir.", type="linelist")
    parser.addini("harness_runs", "Where the folders of runs go, from the rootdir.", default="runs")
    parser.addini("harness_keep", "Which folders of runs stay: failures, or all.", default="failures")
    parser.addini("harness_unknown", "What a run is that nobody can judge: fail, or skip.", default="fail")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "harness(scenario=None, **fields): the cluster that the fixture `cluster` starts; see its help"
    )
    for name, allowed in (("harness_keep", ("failures", "all")), ("harness_unknown", ("fail", "skip"))):
        if config.getini(name) not in allowed:
            raise pytest.UsageError(f"{name} is {config.getini(name)!r}; it is {' or '.join(allowed)}")
    config.args.extend(folder for folder in config.getoption("scenarios") if folder not in config.args)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ScenarioFile | None":
    if file_path.suffix not in ENDINGS or file_path not in _scenario_files(parent.config):
        return None
    from harness.pytest_items import ScenarioFile

    return ScenarioFile.from_parent(parent, path=file_path)


def _scenario_files(config: pytest.Config) -> frozenset[Path]:
    """Those that the ini file and `--scenarios` name; looked for once."""
    if _FILES not in config.stash:
        folders = [config.invocation_params.dir / folder for folder in config.getoption("scenarios")]
        named = [config.rootpath / entry for entry in config.getini("harness_scenarios")]
        folders += [path for path in named if path.is_dir()]
        globs = [str(entry) for entry in config.getini("harness_scenarios") if not (config.rootpath / entry).is_dir()]
        found = [path for folder in folders for path in folder.resolve().rglob("*")]
        found += [path for glob in globs for path in config.rootpath.glob(glob)]
        config.stash[_FILES] = frozenset(path for path in found if path.suffix in ENDINGS)
    return config.stash[_FILES]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Who needs a cluster waits for room on the machine here, where no time limit of a test counts."""
    plan_of = _plan_of(item)
    if plan_of is None:
        return (yield)
    from harness.pytest_items import admitted

    with admitted(item, plan_of):
        return (yield)


def _plan_of(item: pytest.Item) -> "Callable[[Any], Plan] | None":
    """What makes the plan of the item's cluster; None where it has none."""
    if not isinstance(item, pytest.Function):
        items = sys.modules.get("harness.pytest_items")
        return items.ScenarioItem.planned if items and isinstance(item, items.ScenarioItem) else None
    if "cluster" not in item._fixtureinfo.name2fixturedefs or not _is_ours(item._fixtureinfo):
        return None
    from harness.pytest_cluster import planned

    return planned


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with a cluster is one for each seed that is asked for."""
    asked = metafunc.config.getoption("harness_seeds")
    info = metafunc.definition._fixtureinfo
    if asked and "cluster" in info.name2fixturedefs and _is_ours(info):
        metafunc.parametrize("cluster", asked, indirect=True, ids=[f"seed {seed}" for seed in asked])


def _is_ours(info: Any) -> bool:
    """Whether the fixture `cluster` of a test is the one below, or one of the user's that stands on it."""
    *_, nearest = info.name2fixturedefs["cluster"]
    return nearest.func.__module__ == __name__ or "cluster" in nearest.argnames


def pytest_keyboard_interrupt(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """A cluster that stands is stopped at once."""
    if standing := sys.modules.get("harness.pytest_cluster"):
        standing.abandon_all()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, Any]:
    """
    Of what a cluster refused a test shows its own lines, and none of ours; one that failed tells of its run. A Ctrl-C
    that an error hides ends pytest all the same.
    """
    items, ours = (sys.modules.get(f"harness.pytest_{name}") for name in ("items", "cluster"))
    if items and call.excinfo is not None:
        items.hear_ctrl_c(item, call.excinfo.value)
    if ours and call.excinfo is not None:
        ours.show_test_only(call.excinfo.value)
    report = yield
    if ours:
        ours.tell_where(item, report)
    return report


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> "Iterator[Live]":
    """
    A real cluster, started; when the test is over it is healed, stopped and judged, and what it violated fails it.

    `@pytest.mark.harness(workers=5, etcd=3)` or `@pytest.mark.harness("partition", seed=7)` says which.
    """
    from harness.pytest_cluster import live_cluster

    yield from live_cluster(request.node)
