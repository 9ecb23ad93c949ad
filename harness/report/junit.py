"""
A run as JUnit's XML, in the form that GitLab and Jenkins read: one suite a run, one case for each invariant.

| the invariant is | the case |
| --- | --- |
| valid | passes |
| violated | fails with the sentences; passes, and tells them, where the scenario expects it |
| unknown | is an error, for nobody can tell; passes, and tells why, where the run came out as expected nevertheless |
| not judged | is skipped, with the reason |

A scenario that expects an outcome other than valid has a case of its own for that, which fails where another one came.
So a suite has failures or errors exactly where the run's exit code is not 0.
"""

import re
from datetime import UTC, datetime
from xml.etree import ElementTree

from harness.report.result import InvariantRow, Result
from harness.report.screen import standing

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(result: Result, repeat: str = "", wall_s: float = 0.0) -> str:
    """The document; `repeat` is the command that carries out the plan again, `wall_s` when it began, since 1970."""
    cases = [_case(result, row) for row in result.invariants]
    cases += [_skipped(result, row["name"], row["reason"]) for row in result.not_judged]
    if result.expected.outcome != "valid":
        cases.append(_expectation(result))
    suite = _element("testsuite", name=result.scenario, time=f"{result.wall_s:.3f}", tests=str(len(cases)))
    for kind, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(kind) is not None for case in cases)))
    if wall_s:
        suite.set("timestamp", datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    suite.append(_properties(result, repeat))
    suite.extend(cases)
    suites = _element("testsuites", name="harness", time=f"{result.wall_s:.3f}")
    for attribute in ("tests", "failures", "errors"):
        suites.set(attribute, suite.get(attribute, "0"))
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _properties(result: Result, repeat: str) -> ElementTree.Element:
    told = {"seed": str(result.seed), "outcome": result.outcome, "exit_code": str(result.exit_code), "repeat": repeat}
    told |= {"run_dir": result.run_dir} | {name: f"{seconds:.3f}" for name, seconds in result.phases.items()}
    properties = _element("properties")
    properties.extend(_element("property", name=name, value=value) for name, value in told.items() if value)
    return properties


def _case(result: Result, row: InvariantRow) -> ElementTree.Element:
    case = _named(result, row.name)
    sentences = "\n".join(violation["text"] for violation in row.violations)
    told = "; ".join(part for part in (row.summary, row.missing) if part)
    if row.outcome == "violated" and not _is_allowed(result, row):
        case.append(_element("failure", sentences, type="violated", message=row.violations[0]["text"]))
    elif row.outcome == "unknown" and not result.as_expected:
        case.append(_element("error", told, type="unknown", message=row.missing))
    else:
        case.append(_element("system-out", "\n".join(part for part in (told, sentences) if part)))
    return case


def _is_allowed(result: Result, row: InvariantRow) -> bool:
    """What a scenario expects to be violated, or lets be, where it expects any."""
    expected = result.expected
    return expected.outcome == "violated" and row.name in (*expected.violated, *expected.also)


def _skipped(result: Result, name: str, reason: str) -> ElementTree.Element:
    case = _named(result, name)
    case.append(_element("skipped", message=reason))
    return case


def _expectation(result: Result) -> ElementTree.Element:
    case = _named(result, "expected-outcome")
    if result.as_expected:
        case.append(_element("system-out", f"{result.outcome}, as expected"))
    else:
        case.append(_element("failure", type="unexpected", message=standing(result)))
    return case


def _named(result: Result, name: str) -> ElementTree.Element:
    return _element("testcase", classname=f"harness.{result.scenario}", name=name, time="0.000")


def _element(tag: str, text: str = "", /, **attributes: str) -> ElementTree.Element:
    """What XML can't hold, such as control characters, is told as Python would write it."""
    element = ElementTree.Element(tag, {key: _clean(value) for key, value in attributes.items()})
    element.text = _clean(text) or None
    return element


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
