"""Documents that could go stale, held to the code."""

import re
import shlex

import pytest
from click.testing import CliRunner

from harness import load_scenario, make_plan
from harness.checks import INVARIANTS
from harness.cli import harness
from harness.faults import FAULTS
from harness.packaged import scenarios
from tests.meta.source import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
WRITING = (ROOT / "scenarios" / "WRITING.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
LINK = re.compile(r"\]\((?!https?://)([^)#]+)\)")
DOCUMENTS = sorted(path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.parts[1:]))


def shell_lines():
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    return [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]


def options_of(command):
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize("line", [line for line in shell_lines() if line.startswith("harness ")])
def test_every_command_in_the_readme_exists(line):
    _, name, *words = shlex.split(line)
    assert name in harness.commands
    assert {word for word in words if word.startswith("-")} <= options_of(harness.commands[name])


@pytest.mark.parametrize("name", harness.commands)
def test_every_command_is_in_the_readme_and_has_help_with_an_example(name):
    assert f"harness {name}" in README
    shown = CliRunner().invoke(harness, [name, "--help"])
    assert "Example" in shown.output
    assert f"harness {name}" in shown.output.split("Example")[1]


def test_ci_runs_the_readmes_test_command_as_it_stands():
    command = next(line for line in shell_lines() if line.endswith("tox"))
    assert command in CI


def test_the_readmes_main_command_runs_a_packaged_scenario():
    command = next(line for line in shell_lines() if ".venv/bin/harness run" in line)
    assert command.split()[-1] in scenarios()


@pytest.mark.parametrize("name", scenarios())
def test_every_scenario_opens_with_its_story_and_is_in_the_catalogue(name):
    first, second = scenarios()[name].read_text(encoding="utf-8").splitlines()[:2]
    assert first.startswith("# ")
    assert second.startswith("# ")
    assert f"[{name}]({name}.yaml)" in (ROOT / "scenarios" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", WRITING, re.DOTALL))
def test_every_example_scenario_is_right(text, tmp_path):
    (tmp_path / "example.yaml").write_text(text, encoding="utf-8")
    assert make_plan(load_scenario(tmp_path / "example.yaml"), seed=7).steps


@pytest.mark.parametrize("step", re.findall(r"`(\{at: .*?\})` \|", WRITING))
def test_every_example_step_is_right(step, tmp_path):
    (tmp_path / "example.yaml").write_text(f"cluster: {{workers: 4}}\nsteps: [{step}]\n", encoding="utf-8")
    assert make_plan(load_scenario(tmp_path / "example.yaml"), seed=7).steps


def test_every_fault_that_can_be_asked_for_is_shown_by_example():
    assert set(re.findall(r"^\| `([a-z-]+)` \| `\{at:", WRITING, re.MULTILINE)) == set(FAULTS)


@pytest.mark.parametrize("name", INVARIANTS)
def test_every_invariant_is_explained(name):
    assert f"`{name}`" in (ROOT / "harness" / "checks" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path):
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_no_scenario_is_named_that_is_not_there():
    named = re.findall(r"\]\((\S+)\.yaml\)", (ROOT / "scenarios" / "README.md").read_text(encoding="utf-8"))
    assert set(named) == set(scenarios())
