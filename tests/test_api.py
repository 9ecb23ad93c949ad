"""The public names of the package."""

import inspect
from importlib import import_module

import pytest

import harness


def test_the_public_names_are_pinned():
    assert harness.__all__ == ["check", "load_scenario", "make_plan", "run"]
    assert all(inspect.isfunction(getattr(harness, name)) for name in harness.__all__)


def test_run_stays_the_function_whoever_imports_the_module():
    module = import_module("harness.run")
    assert harness.run is module.run
    assert inspect.ismodule(module)


def test_any_other_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'walk'"):
        _ = harness.walk
