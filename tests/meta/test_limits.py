"""Sizes and habits that hold everywhere."""

import ast
import tempfile
import tomllib
from pathlib import Path

import pytest

from tests.meta.source import DOCUMENTS, ROOT, SOURCES, TESTS, functions_in, name_of, tree_of

FILE_LINES = 300
FUNCTION_LINES = 60
THE_WAITS = {"tests/conftest.py"}
KEEP_A_RATE = {"harness/observer.py", "harness/etcd_members.py", "harness/workload.py", "harness/dora/client.py"}
KEEP_A_RATE |= {"harness/cli/looking.py", "tests/clients/alluxio_client.py", "tests/clients/plain_client.py"}
HELD = {"harness/live.py", "harness/hands.py", "harness/answers.py"}
HERE = {f"{place.rstrip('/')}/" for place in (str(ROOT), str(Path.home()), tempfile.gettempdir())} - {"/"}
"""Where this checkout, its user's home and temporary files are: on another machine they are elsewhere."""


def sleeps_in(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "sleep":
                yield node.lineno


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=name_of)
def test_files_and_functions_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES
    long = [f.name for f in functions_in(tree_of(path)) if (f.end_lineno or 0) - f.lineno >= FUNCTION_LINES]
    assert long == []


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=name_of)
def test_one_place_of_the_harness_waits_and_one_of_the_tests(path):
    """Waiting for something to come true, that is; keeping a rate is no such wait."""
    assert name_of(path) in THE_WAITS | KEEP_A_RATE or list(sleeps_in(tree_of(path))) == []


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_module_says_what_it_is_for(path):
    """In the module's docstring, or in that of the one class it holds."""
    tree = tree_of(path)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert not tree.body or ast.get_docstring(tree) or (len(classes) == 1 and ast.get_docstring(classes[0]))


def test_what_users_of_a_cluster_hold_has_no_namesake():
    classes = [(node.name, name_of(path)) for path in SOURCES for node in tree_of(path).body if is_class(node)]
    held = [(name, path) for name, path in classes if path in HELD]
    assert {path for _, path in held} == HELD
    assert [(name, path) for name, path in classes if name in dict(held) and path not in HELD] == []


def is_class(node):
    return isinstance(node, ast.ClassDef)


@pytest.mark.parametrize("path", SOURCES + TESTS + DOCUMENTS, ids=name_of)
def test_nothing_names_a_place_on_one_machine(path):
    text = path.read_text(encoding="utf-8")
    assert [place for place in HERE if place in text] == []


def test_warnings_are_errors_but_for_one_of_a_library():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    first, *others = settings["tool"]["pytest"]["ini_options"]["filterwarnings"]
    assert first == "error"
    assert others == ["ignore:Call to deprecated create function:DeprecationWarning"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [("import time\ntime.sleep(1)", [2]), ("from time import sleep\nsleep(1)", [2]), ("event.wait(1)", [])],
)
def test_a_sleep_is_seen(text, lines):
    assert list(sleeps_in(ast.parse(text))) == lines
