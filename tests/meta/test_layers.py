"""Imports point one way, pure modules stay pure, and each foreign library has one door."""

import ast
import subprocess
import sys

import pytest

from tests.meta.source import HARNESS, ROOT, SOURCES, imports_in, name_of, tree_of

LAYERS = (
    {"errors"},
    {"core"},
    {"checks"},
    {"faults"},
    {"scenario"},
    {"packaged"},
    {"load", "etcd", "control_line", "variant"},
    {"cluster"},
    {"injector"},
    {"nemesis", "workload", "recorder", "interrupts"},
    {"etcd_members"},
    {"observer"},
    {"report"},
    {"attempt"},
    {"answers"},
    {"hands"},
    {"run", "doctor"},
    {"live", "soak"},
    {"daemon"},
    {"cli"},
    {"pytest_items", "pytest_cluster"},
    {"pytest_plugin", "__main__"},
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
DORA_MAY = {"dora", "errors", "core", "etcd", "control_line"}

PURE = ("core", "checks", "faults", "scenario", "dora/session.py")
IMPURE = {"time", "os", "pathlib", "socket", "subprocess", "threading", "asyncio"}


def part_of(module):
    """`harness.core.ring` is part of `core`; None for what is no part of the harness."""
    names = module.split(".")
    return names[1] if names[0] == "harness" and len(names) > 1 else None


def home_of(path):
    return path.relative_to(HARNESS).parts[0].removesuffix(".py")


def upward_imports(home, modules):
    parts = {part for module in modules if (part := part_of(module)) in RANK or part == "dora"}
    if home == "dora":
        return sorted(parts - DORA_MAY)
    return sorted(part for part in parts if part == "dora" or RANK[part] > RANK[home])


def is_pure(path):
    return path.relative_to(HARNESS).as_posix().startswith(PURE)


def global_random_in(tree):
    """Uses of `random` other than a generator of one's own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "random":
            if node.attr != "Random":
                yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module == "random":
            yield from (alias.name for alias in node.names if alias.name != "Random")


@pytest.mark.parametrize("path", [path for path in SOURCES if path != HARNESS / "__init__.py"], ids=name_of)
def test_imports_point_down(path):
    assert home_of(path) in RANK or home_of(path) == "dora", "a new part of the harness needs its place in LAYERS"
    assert upward_imports(home_of(path), imports_in(tree_of(path))) == []


@pytest.mark.parametrize("path", [path for path in SOURCES if is_pure(path)], ids=name_of)
def test_pure_modules_touch_no_clock_no_machine_and_no_global_chance(path):
    tree = tree_of(path)
    assert {module.split(".")[0] for module in imports_in(tree)} & IMPURE == set()
    assert list(global_random_in(tree)) == []


@pytest.mark.parametrize(
    ("library", "door"), [("etcd3", "harness/etcd/door.py"), ("docker", "harness/cluster/engine.py")]
)
def test_a_foreign_library_has_one_door(library, door):
    users = {name_of(path) for path in SOURCES if any(m.split(".")[0] == library for m in imports_in(tree_of(path)))}
    assert users == {door}


def test_importing_the_package_imports_nothing_heavy():
    program = "import harness, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (
        set(loaded.stdout.split()) & {"etcd3", "grpc", "numpy", "pydantic", "aiohttp", "rich", "pyroute2", "docker"}
        == set()
    )


def test_importing_the_commands_imports_no_more_than_a_command_about_a_cluster_that_stays_needs():
    """So that `harness status` answers at once: who asks a daemon judges, draws and computes nothing."""
    heavy = {"pydantic", "rich", "numpy", "ruamel", "grpc", "etcd3", "asyncio", "psutil", "harness.checks"}
    program = "import harness.cli, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(loaded.stdout.split()) & heavy == set()


@pytest.mark.parametrize(
    ("home", "line", "found"),
    [
        ("core", "from harness.cluster import wait", ["cluster"]),
        ("cluster", "import harness.core.ring", []),
        ("run", "import harness.dora.worker", ["dora"]),
        ("dora", "from harness.cluster import wait", ["cluster"]),
        ("dora", "from harness import errors, etcd", []),
    ],
)
def test_an_upward_import_is_seen(home, line, found):
    assert upward_imports(home, imports_in(ast.parse(line))) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import random\nrandom.choice([1])", ["choice"]),
        ("from random import shuffle", ["shuffle"]),
        ("import random\nrandom.Random(1).choice([1])", []),
    ],
)
def test_global_chance_is_seen(text, found):
    assert list(global_random_in(ast.parse(text))) == found
