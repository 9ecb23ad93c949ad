"""What the fixture `cluster` gives a test: which cluster it asked for, and what becomes of its verdict."""

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.core.plan import Plan
from harness.errors import HarnessError
from harness.live import Live
from harness.load import load_diary
from harness.pytest_items import admission_of, properties, settle, told_in_words, variant
from harness.scenario.diary import Diary

DIARY = pytest.StashKey[Diary]()
_LIVE = pytest.StashKey[Live]()
_HAS_FAILED = pytest.StashKey[bool]()
_NO_FILE_NAME = re.compile(r"[^\w.-]+")
_OURS = str(Path(harness.__file__).parent)
_standing = set[Live]()


def planned(item: pytest.Function) -> Plan:
    """What the test's cluster is started by. Raises HarnessError for a marker that asks for what can't be."""
    item.stash[DIARY] = diary = _diary(item)
    return diary.plan()


def live_cluster(item: pytest.Function) -> Iterator[Live]:
    """The test's cluster, started; afterwards judged."""
    with told_in_words():
        admission, chosen = admission_of(item), variant(item.config)
        live = Live(
            item.stash[DIARY],
            runs=item.config.invocation_params.dir / chosen.runs,  # the test may go elsewhere
            adjust=chosen.adjusted,
            admission=admission,
        )
        live.start()
    _standing.add(live)
    item.stash[_LIVE] = live
    try:
        yield live
        if live not in _standing:
            return
        with told_in_words():
            result = live.finish()
    finally:
        _standing.discard(live)
    item.user_properties += properties(result, admission, item.config)
    settle(result, _repeat(item, result.seed), item.config, has_failed=item.stash.get(_HAS_FAILED, False))


def abandon_all() -> None:
    """Stop what stands without a verdict: somebody pressed Ctrl-C."""
    while _standing:
        with suppress(HarnessError):  # whatever it is, nobody wants to know
            _standing.pop().abandon()


def tell_where(item: pytest.Item, report: pytest.TestReport) -> None:
    """A test that failed by its own word says how to do it again, and where its run's folder is, which stays."""
    live = item.stash.get(_LIVE, None)
    if live is None or report.when != "call" or not report.failed or not isinstance(item, pytest.Function):
        return
    item.stash[_HAS_FAILED] = True
    told = f"seed       {live.seed}\nrepeat     {_repeat(item, live.seed)}\nevidence   {live.run_dir.path}"
    report.sections.append(("cluster", told))


def show_test_only(error: BaseException) -> None:
    """What the harness refused, or a time limit ended, came from a line of the test: what lies below that is ours."""
    frame = error.__traceback__ if isinstance(error, HarnessError | pytest.fail.Exception) else None
    while frame is not None and frame.tb_next is not None:
        if frame.tb_next.tb_frame.f_code.co_filename.startswith(_OURS):
            frame.tb_next = None
        frame = frame.tb_next


def _diary(item: pytest.Function) -> Diary:
    scenario, fields = _marked(item)
    callspec = getattr(item, "callspec", None)
    seed = callspec.params.get("cluster") if callspec else None
    own = fields.pop("seed", None)
    name = _NO_FILE_NAME.sub("-", item.originalname)
    return load_diary(name, item.path.parent, scenario, own if seed is None else seed, **fields)


def _marked(item: pytest.Function) -> tuple[Any, dict[str, Any]]:
    """The scenario and the fields of the nearest `harness` marker."""
    marker = item.get_closest_marker("harness")
    return (next(iter(marker.args), None), dict(marker.kwargs)) if marker else (None, {})


def _repeat(item: pytest.Function, seed: int) -> str:
    seeds = f" --harness-seeds {seed}-{seed}" if item.config.getoption("harness_seeds") else ""
    return f"pytest {shlex.quote(item.nodeid)}{seeds}"
