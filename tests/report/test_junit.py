from dataclasses import replace
from xml.etree import ElementTree

import pytest

from harness.checks.judging import is_as_expected
from harness.checks.verdict import Verdict, Violation, worst
from harness.core.plan import Expect
from harness.report.junit import junit
from tests.report.runs import broken, held, judged, ordinary_ops, plan_of, summed_up

UNKNOWN = Verdict("gone-worker-leaves-views", "0 departures", missing="nobody was gone")


def suite_of(*verdicts, outcome="valid", as_expected=True, expect=None, **more):
    plan = plan_of(expect=expect or Expect())
    judgement = judged(
        *verdicts, outcome=outcome, as_expected=as_expected, not_judged=[("removal-is-final", "nobody left")]
    )
    result = summed_up(plan, ordinary_ops(), judgement, "runs/tale-7")
    suites = ElementTree.fromstring(junit(result, **more))
    assert suites.tag == "testsuites"
    (suite,) = suites
    return suite


def cases(suite):
    """By name what a case has but for its output, None where it passes."""
    endings = {}
    for case in suite.findall("testcase"):
        endings[case.get("name")] = next((part.tag for part in case if part.tag != "system-out"), None)
    return endings


def counts(suite):
    return [int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")]


def test_a_valid_run_passes():
    suite = suite_of(held())
    assert cases(suite) == {"views-agree": None, "removal-is-final": "skipped"}
    assert counts(suite) == [2, 0, 0, 1]
    assert suite.find("testcase/system-out").text == "12 views at 3 revisions"


def test_a_violation_is_a_failure_with_its_sentences():
    sentences = Verdict("one-owner", "2 lookups", {}, (Violation("first"), Violation("second")))
    suite = suite_of(sentences, held(), outcome="violated", as_expected=False)
    assert counts(suite)[1:3] == [1, 0]
    failure = suite.find("testcase[@name='one-owner']/failure")
    assert (failure.get("message"), failure.text) == ("first", "first\nsecond")


def test_what_nobody_can_tell_is_an_error():
    suite = suite_of(UNKNOWN, outcome="unknown", as_expected=False)
    assert counts(suite)[1:3] == [0, 1]
    assert suite.find("testcase/error").get("message") == "nobody was gone"


def test_a_violation_that_is_expected_passes_and_is_told():
    expect = Expect("violated", ("one-owner",))
    suite = suite_of(broken(()), outcome="violated", expect=expect)
    assert cases(suite) == {"one-owner": None, "removal-is-final": "skipped", "expected-outcome": None}
    assert "the ring says worker-2" in suite.find("testcase/system-out").text


@pytest.mark.parametrize("verdict", [held("one-owner"), broken((), "another")])
def test_an_expectation_that_did_not_come_true_is_a_failure(verdict):
    expect = Expect("violated", ("one-owner",))
    suite = suite_of(verdict, outcome=verdict.outcome, as_expected=False, expect=expect)
    assert cases(suite)["expected-outcome"] == "failure"
    assert "expected violated: one-owner; got" in suite.find("testcase[@name='expected-outcome']/failure").get(
        "message"
    )


def test_an_unknown_that_is_expected_passes():
    assert counts(suite_of(UNKNOWN, outcome="unknown", expect=Expect("unknown")))[1:3] == [0, 0]


def test_properties_tell_how_to_repeat_the_run():
    suite = suite_of(held(), repeat="harness run tale --seed 7")
    told = {one.get("name"): one.get("value") for one in suite.find("properties")}
    assert (told["seed"], told["outcome"], told["repeat"]) == ("7", "valid", "harness run tale --seed 7")
    assert told["run_s"] == "10.000"


def test_a_suite_is_stamped_with_the_begin_of_its_run():
    assert suite_of(held(), wall_s=1.0).get("timestamp") == "1970-01-01T00:00:01"


def test_parts_come_in_the_order_that_the_schema_asks_for():
    assert [part.tag for part in suite_of(held())] == ["properties", "testcase", "testcase"]


def test_what_xml_cannot_hold_is_escaped():
    evil = '<script> & \x00 \x1b[31m \ud800 ]]> "quoted"'
    suite = suite_of(Verdict("one-owner", evil, {}, (Violation(evil),)), outcome="violated", as_expected=False)
    assert suite.find("testcase/failure").text == '<script> & \\x00 \\x1b[31m \\ud800 ]]> "quoted"'


@pytest.mark.parametrize(
    "expect", [Expect(), Expect(also=("one-owner",)), Expect("violated", ("one-owner",)), Expect("unknown")]
)
@pytest.mark.parametrize("verdicts", [(held(),), (UNKNOWN,), (broken(()),), (broken(()), UNKNOWN), (broken((), "b"),)])
def test_a_suite_is_red_exactly_where_the_exit_code_is_not_0(expect, verdicts):
    judgement = judged(*verdicts, outcome=worst(verdict.outcome for verdict in verdicts))
    judgement = replace(judgement, as_expected=is_as_expected(expect, verdicts))
    result = summed_up(plan_of(expect=expect), ordinary_ops(), judgement, "runs/tale-7")
    suites = ElementTree.fromstring(junit(result))
    assert (result.exit_code == 0) == (suites.get("failures") == suites.get("errors") == "0")


ALLOWED = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "time", "tests", "failures", "errors", "skipped", "timestamp"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "time", "classname"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}
"""The elements, and of each the attributes, that are common to what CI systems read."""


def test_there_is_nothing_in_it_that_a_ci_system_does_not_know():
    suite = suite_of(broken(()), UNKNOWN, held("a"), outcome="violated", as_expected=False, repeat="x", wall_s=1.0)
    for element in suite.iter():
        assert set(element.attrib) <= ALLOWED[element.tag]
