"""Documents that could go stale, held to the code. What they show is carried out in `test_docs_followed.py`."""

import ast
import configparser
import re
import shlex
import subprocess

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from harness import load_scenario, make_plan
from harness.checks import INVARIANTS
from harness.cli import harness
from harness.dora.cli import CLUSTER_SAYS_NO
from harness.dora.cli import main as dora
from harness.packaged import scenarios
from tests.meta.documents import READ, blocks_of
from tests.meta.source import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)")
DOCUMENTS = sorted(path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.parts[1:]))
BLOCKS = [(path, block) for path in READ for block in blocks_of(path)]
PLACES = [f"{path.relative_to(ROOT)}:{block.line}" for path, block in BLOCKS]
COMMANDS = sorted({line.partition(" #")[0].strip() for _, block in BLOCKS for line in block.commands})


def options_of(command):
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("harness ")])
def test_every_command_exists(line):
    _, name, *words = shlex.split(line)
    ours = words[: words.index("--")] if "--" in words else words
    assert name in harness.commands
    assert {word for word in ours if word.startswith("-")} <= options_of(harness.commands[name])


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("dora ")])
def test_what_asks_an_etcd_that_is_not_there_is_understood(line, capsys):
    assert dora(shlex.split(line.replace("etcd.example:2379", "127.0.0.1:1"))[1:]) == CLUSTER_SAYS_NO
    assert "127.0.0.1:1" in capsys.readouterr().err


@pytest.mark.parametrize("name", harness.commands)
def test_every_command_is_in_the_readme_and_has_help_with_an_example(name):
    assert f"harness {name}" in README
    shown = CliRunner().invoke(harness, [name, "--help"])
    assert "Example" in shown.output
    assert f"harness {name}" in shown.output.split("Example")[1]


def test_ci_runs_the_readmes_test_command_as_it_stands():
    command = next(line for line in COMMANDS if line.endswith("tox"))
    assert command in README
    assert command in CI


def test_the_readmes_main_command_runs_a_packaged_scenario():
    command = next(line for line in COMMANDS if ".venv/bin/harness run" in line)
    assert command in README
    assert command.split()[-1] in scenarios()


@pytest.mark.parametrize("name", scenarios())
def test_every_scenario_opens_with_its_story_and_is_in_the_catalogue(name):
    first, second = scenarios()[name].read_text(encoding="utf-8").splitlines()[:2]
    assert first.startswith("# ")
    assert second.startswith("# ")
    assert f"[{name}]({name}.yaml)" in (ROOT / "scenarios" / "README.md").read_text(encoding="utf-8")


def planned(text, folder):
    (folder / "example.yaml").write_text(text, encoding="utf-8")
    return make_plan(load_scenario(folder / "example.yaml"), seed=7).steps


@pytest.mark.parametrize(("path", "block"), BLOCKS, ids=PLACES)
def test_every_block_is_what_it_seems(path, block, tmp_path):
    """A quote, a command, what one sees after a command, a file in its own language, a scenario or steps of one."""
    if block.is_quote:
        assert block.text in (ROOT / block.file).read_text(encoding="utf-8")
        return
    match block.language:
        case "sh":
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
        case "text":
            before = blocks_of(path)[blocks_of(path).index(block) - 1]
            assert block.is_file or before.commands or before.file.startswith(".")
        case "python" if block.is_file:
            ast.parse(block.text)
        case "ini" if block.is_file:
            configparser.ConfigParser().read_string(block.text)
        case "yaml" if block.file.startswith("."):
            assert YAML(typ="safe").load(block.text)
        case "yaml" if block.text.startswith("- "):
            for step in block.text.splitlines():
                assert planned(f"cluster: {{workers: 4}}\nsteps:\n  {step}\n", tmp_path)
        case "yaml":
            assert "broken:" in block.text or planned(block.text, tmp_path)
        case _:
            pytest.fail(f"nobody knows what this block of {block.language} is")


@pytest.mark.parametrize("name", INVARIANTS)
def test_every_invariant_is_explained(name):
    assert f"`{name}`" in (ROOT / "harness" / "checks" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", READ, ids=lambda path: str(path.relative_to(ROOT)))
def test_whatever_is_installed_goes_into_the_environment_which_has_no_pip(path):
    """Once it is active `python3` is its own, and `pip` still the machine's."""
    for asked in re.finditer(r"(\S+ -m )?(?<!-)pip\b.*\binstall\b.*", path.read_text(encoding="utf-8")):
        assert re.match(r"(python3 -m )?pip --python \.venv install -q ", asked[0])


def anchors_in(path):
    """Of the headings of a document, as GitHub and GitLab make them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path):
    for target, anchor in LINK.findall(path.read_text(encoding="utf-8")):
        leads_to = path.parent / target if target else path
        assert leads_to.exists(), target
        assert not anchor or anchor in anchors_in(leads_to), f"{target}#{anchor}"


def test_every_document_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    linked = {(ROOT / "docs" / target).resolve() for target, _ in LINK.findall(index)}
    assert {path for path in READ if path != ROOT / "docs" / "README.md"} <= linked


def test_no_scenario_is_named_that_is_not_there():
    named = re.findall(r"\]\((\S+)\.yaml\)", (ROOT / "scenarios" / "README.md").read_text(encoding="utf-8"))
    assert set(named) == set(scenarios())
