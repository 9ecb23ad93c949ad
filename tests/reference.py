"""
`python -m tests.reference` writes docs/reference anew: every fault, invariant and field, as the code has them.

A test compares the pages that are committed with those that it would write now.
"""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.checks import INVARIANTS
from harness.checks.catalogue import LETTERS
from harness.faults import FAULTS
from harness.faults.proof import GONE_S, PASSING_S, READY_S
from harness.packaged import scenarios
from harness.scenario import forms
from harness.scenario.model import schema
from harness.scenario.values import FILE_BYTES_MAX
from harness.scenario.wording import either
from tests.zoo.table import rows

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "reference"
COMMAND = "python -m tests.reference"
_NOTE = f"<!-- Made by `{COMMAND}` from the code: change that, not this page. -->"
_FAULTS = f"""
A step of a scenario has one of these. How a step is written, when it begins and what a TARGET may be is in
[WRITING.md](../../scenarios/WRITING.md#steps); `harness list faults` says the same in short. A duration is a number
with a unit: `200ms`, `3s`, `1.5m`, `1h`.

Effect and heal are seen, not assumed: what is not seen is *absent*, and makes the run *unknown*. Of a stop, freeze or
kill the first {GONE_S:g} s count, of a start {READY_S:g} s, of links {PASSING_S:g} s (times `--time-scale`).
Datagrams are the harness' own, sent on each cut link from one node's network namespace to the other's, so that a
paused or dead node can't answer for them; silence is looked for twice. Links that another fault had cut already prove
nothing: where there are no others, effect or heal is *not-applicable*, and that counts as fine.
"""
_INVARIANTS = f"""
`harness run` judges a run by all of these that apply to its plan; what does not apply is *not judged*, and does not
count. The id is an invariant's number in the catalogue, which has gaps, after the letter of its group:
{", ".join(f"{letter} {what}" for letter, what in LETTERS.items())}.

The bug that each catches, its bound and the evidence that it needs are in
[harness/checks](../../harness/checks/README.md), how to read an outcome is in [verdicts.md](../verdicts.md).
"""
_SCENARIO = """
Every field of a scenario's YAML file; `[]` stands for each of a list. What has no default may be left out too, unless
it is *required*. How to write a scenario is in [WRITING.md](../../scenarios/WRITING.md); `harness schema` tells your
editor the same. A duration is a number with a unit: `200ms`, `3s`, `1.5m`, `1h`.
"""


def pages() -> dict[Path, str]:
    made = {"faults": faults, "invariants": invariants, "scenario": scenario}
    return {FOLDER / f"{name}.md": f"{_NOTE}\n\n{page()}" for name, page in made.items()}


def faults() -> str:
    return "\n".join(["# Faults", _FAULTS, *(_fault(name) for name in FAULTS)])


def _fault(name: str) -> str:
    fault = FAULTS[name]
    roles = ", ".join(role for role in forms.ROLES if role in fault.roles)
    fields = [_row(f"`{each['name']}`", each["takes"], each["default"], each["says"]) for each in forms.takes(fault)]
    return "\n".join(
        [
            f"## {name}\n\n{inspect.cleandoc(fault.__doc__ or '')}\n",
            *("```yaml", *forms.examples(fault), "```\n"),
            f"- Targets: {roles}: {forms.named(fault)}.",
            f"- Effect: {_proof(fault.inject)}",
            f"- Heal: {_proof(fault.heal)}",
            *(f"- In use: {step}" for step in _in_use(name)),
            "",
            *(_table("field", "takes", "default", "meaning") + fields if fields else []),
            *([""] if fields else []),
        ]
    )


def _proof(method: Any) -> str:
    said = inspect.cleandoc(method.__doc__)
    return said[0].lower() + said[1:]


def _in_use(fault: str) -> list[str]:
    """The first step of a packaged scenario that has it, that of its own name before others; none for none."""
    steps = re.compile(rf"^ +- (\{{.*\b{fault}: .*\}})$", re.MULTILINE)
    stories = sorted(scenarios().items(), key=lambda story: story[0] != fault)
    found = [(name, step) for name, path in stories for step in steps.findall(path.read_text("utf-8"))]
    return [f"`{step}` in [{name}](../../scenarios/{name}.yaml)." for name, step in found[:1]]


def invariants() -> str:
    """With the scenarios of the zoo in which a broken node is caught by each."""
    caught: dict[str, list[str]] = {name: [] for name in INVARIANTS}
    for story, row in rows().items():
        caught[row.caught_by].append(f"[{story}](../../tests/zoo/{story}.yaml)")
    table = _table("name", "id", "says", "not judged where", "seen broken in")
    for name, invariant in INVARIANTS.items():
        home = invariant.__module__.replace(".", "/")
        stories = ", ".join(caught[name])
        table.append(_row(f"[`{name}`](../../{home}.py)", invariant.id, invariant.says, invariant.needs, stories))
    return "\n".join(["# Invariants", _INVARIANTS, *table, ""])


def scenario() -> str:
    made = schema()
    table = _table("field", "type", "default", "meaning")
    table += (_row(f"`{path}`", *cells) for path, *cells in _fields(made, made["$defs"], ""))
    return "\n".join(["# Scenario", _SCENARIO, *table, ""])


def _fields(block: dict[str, Any], blocks: dict[str, Any], path: str) -> Iterator[tuple[str, str, str, str]]:
    """Path, type, default and meaning of each field of a block, with those of the blocks that stand in it."""
    for name, form in block["properties"].items():
        if "not" in form or (block["title"] == "Step" and name in FAULTS):
            continue
        needed = "required" if name in block.get("required", ()) else _text(form.get("default"))
        yield path + name, _type(form), needed, form["description"]
        for inner, suffix in _blocks_in(form):
            yield from _fields(blocks[inner], blocks, f"{path}{name}{suffix}.")
    if block["title"] == "Step":
        yield f"{path}FAULT", "", "", "One of the [faults](faults.md), by its name."


def _blocks_in(form: dict[str, Any], suffix: str = "") -> Iterator[tuple[str, str]]:
    if "$ref" in form:
        yield form["$ref"].rpartition("/")[2], suffix
    for option in (*form.get("anyOf", ()), *form.get("oneOf", ())):
        yield from _blocks_in(option, suffix)
    if "items" in form:
        yield from _blocks_in(form["items"], "[]")


def _type(form: dict[str, Any]) -> str:
    """What may stand there, in a few words."""
    if options := [*form.get("anyOf", ()), *form.get("oneOf", ())]:
        return either([_type(option) for option in options if option.get("type") != "null"])
    if words := form.get("enum", [form["const"]] if "const" in form else []):
        return either([f"`{_text(word)}`" for word in words])
    kind = form.get("type")
    if kind == "array":
        return f"list of {_type(form['items'])}"
    if kind == "object":
        return f"map of {_type(form['additionalProperties'])}"
    if isinstance(kind, list):
        return "text, number or true/false"
    words = {"string": "duration" if "examples" in form else "text", "integer": "whole number", "number": "number"}
    return words.get(kind, "map") + _range(form)


def _range(form: dict[str, Any]) -> str:
    low, high = form.get("minimum"), form.get("maximum")
    if low is None:
        return ""
    return f" ({low} or more)" if high is None or high > FILE_BYTES_MAX else f" ({low} to {high})"


def _text(value: Any) -> str:
    """As a scenario has it; nothing for nothing."""
    if value in (None, {}, []):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if value is True else str(value)


def _table(*heads: str) -> list[str]:
    return [_row(*heads), _row(*("---" for _ in heads))]


def _row(*cells: str | None) -> str:
    return f"| {' | '.join((cell or '').replace('|', '&#124;') for cell in cells)} |"


if __name__ == "__main__":
    for page, text in pages().items():
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
