"""docs/reference is what the code says now."""

import pytest

from harness.checks import INVARIANTS
from harness.faults import FAULTS
from tests.reference import COMMAND, FOLDER, ROOT, pages

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_of_the_reference_is_what_would_be_written_now(page):
    is_new = page.exists() and page.read_text(encoding="utf-8") == PAGES[page]
    assert is_new, f"{page.relative_to(ROOT)} is out of date; renew it with: {COMMAND}"


def test_no_page_of_the_reference_is_left_over():
    assert {*FOLDER.iterdir()} == PAGES.keys()


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_says_what_proves_its_effect_and_its_heal(name):
    section = PAGES[FOLDER / "faults.md"].partition(f"## {name}\n")[2].partition("\n## ")[0]
    assert "- Effect: proven once " in section
    assert "- Heal: proven once " in section or "- Heal: nothing to prove: " in section


@pytest.mark.parametrize("name", INVARIANTS)
def test_every_invariant_has_a_row_with_what_it_says(name):
    row = next(line for line in PAGES[FOLDER / "invariants.md"].splitlines() if line.startswith(f"| [`{name}`]"))
    assert f"| {INVARIANTS[name].id} | {INVARIANTS[name].says} |" in row


@pytest.mark.parametrize(
    "row",
    [
        "| `cluster.etcd.members` | `1`, `3` or `5` | 1 | How many members: etcd-1, etcd-2 ... |",
        "| `cluster.workers` | whole number (1 to 100000) | 3 | How many workers: worker-1, worker-2 ... |",
        "| `tail` | duration | 3s | How long the run goes on after its last step, where there is no duration. |",
        "| `expect.violated` | list of text | required | Invariants that must be violated. |",
    ],
)
def test_a_field_of_a_scenario_has_its_path_type_default_and_meaning(row):
    assert row in PAGES[FOLDER / "scenario.md"].splitlines()


def test_what_is_not_built_is_no_field():
    assert "Not built yet" not in PAGES[FOLDER / "scenario.md"]
