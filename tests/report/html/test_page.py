import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from harness.core.history import History
from harness.report.html.gathered import gather
from harness.report.html.page import share_of
from harness.report.result import InvariantRow
from tests.report.html.tales import ONE, ops_of_a_tale, page_of, put, result_of, view, violated
from tests.report.runs import held, judged, op, phases, plan_of, run_op

VOID = {"meta", "link", "br", "path"}


class Elements(HTMLParser):
    """The elements of a page; every one that is begun must be ended."""

    def __init__(self, html):
        super().__init__()
        self.open, self.seen = [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    @property
    def ids(self):
        return {attributes["id"] for _, attributes in self.seen if "id" in attributes}

    def of(self, tag):
        return [attributes for name, attributes in self.seen if name == tag]


def test_a_violation_is_told_shown_and_leads_to_its_moment():
    ops = ops_of_a_tale()
    html = page_of(ops, violated(ops))
    elements = Elements(html)
    links = {attributes["href"] for attributes in elements.of("a")}
    assert "client-1 took worker-1 for the owner of a at revision 3" in html
    assert "#t=1.60,4.60" in links
    assert {link.removeprefix("#") for link in links if not link.startswith("#t=")} <= elements.ids
    assert "pause worker-1 (2.0 s to 5.0 s)" in html


def test_a_valid_run_has_no_part_for_violations():
    html = page_of(ops_of_a_tale(), judged(held()))
    assert 'id="violations"' not in html
    assert "12 views at 3 revisions" in html


def test_a_page_asks_for_nothing_from_anywhere():
    ops = ops_of_a_tale()
    elements = Elements(page_of(ops, violated(ops)))
    asked = [attributes.get(name, "") for _, attributes in elements.seen for name in ("src", "href", "action")]
    assert all(link in ("", "data:,") or link.startswith("#") for link in asked)


def test_all_kinds_of_rows_are_drawn():
    metrics = [{"time_ns": n * 10**9, "node": "worker-1", "cpu_s": n / 10, "rss_bytes": 9_000_000} for n in range(1, 6)]
    html = page_of(ops_of_a_tale(), judged(held()), metrics=metrics)
    for heading in ("Faults", "Operations", "Membership", "Ownership", "Latency", "Memory", "CPU"):
        assert f"<h3>{heading}</h3>" in html
    assert "proven in 0.10 s, heal proven in 0.20 s" in html
    assert "9 MB at most" in html


def test_an_empty_history_makes_a_page():
    assert "no invariant was judged" in page_of(History.of([]))


def test_a_handful_of_ops_makes_a_page():
    page = Elements(page_of(History.of([run_op(), *phases(start=0.0)])))
    assert {"timeline", "invariants"} <= page.ids


@pytest.mark.parametrize(
    "evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</script><b>", "{{ 7 * 7 }}"]
)
def test_what_comes_from_a_run_stays_text(evil):
    """As an identity in etcd and in a view, in a key, an error, a log line, a verdict and a command."""
    ops = History.of(
        [
            *ops_of_a_tale(),
            put(1.0, evil, 9, text=evil),
            view(1.0, "client-1", 9, [ONE, evil]),
            op(2.9, "client-1", "ok", "lookup", error=evil, key=evil, owner=evil, revision=9),
        ]
    )
    plan = replace(plan_of(), scenario=evil)
    html = page_of(ops, violated(ops, evil), plan, read_log=lambda _: [f"3.000 {evil}\n"], repeat=evil)
    elements = Elements(html)
    assert evil not in html.replace("</script>\n</body>", "") or evil == "{{ 7 * 7 }}"
    assert len(elements.of("script")) == 1
    assert elements.of("img") == []
    assert not any(name.startswith("on") for _, attributes in elements.seen for name in attributes)
    assert "49" not in re.findall(r"<td[^>]*>([^<]*)</td>", html)


def test_only_its_own_script_may_run():
    (policy,) = (row["content"] for row in Elements(page_of(ops_of_a_tale())).of("meta") if "http-equiv" in row)
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy


def many_ops(count):
    yield run_op()
    yield from phases(start=0.0)
    for number in range(count):
        at_s = 10 * number / count
        yield op(at_s, "client-1", "invoke", "lookup", key="a")
        yield op(at_s + 0.0001, "client-1", "ok", "lookup", key="a", owner=ONE, revision=3)


def test_a_page_does_not_grow_with_the_ops():
    few, many = (len(page_of(list(many_ops(count)))) for count in (2_000, 20_000))
    assert many < 1.1 * few


def test_the_history_is_gone_over_once():
    ops = ops_of_a_tale()
    assert gather(plan_of(), iter(ops), result_of(ops)).ops == len(ops)


@pytest.mark.parametrize(
    ("examined", "share"),
    [
        ({"slowest_s": 1.0, "allowed_s": 4.0}, 0.25),
        ({"took_s": 0.0, "allowed_s": 4.0}, 0.0),
        ({"slowest_s": None, "allowed_s": 4.0}, None),
        ({}, None),
    ],
)
def test_the_margin_is_what_was_taken_of_what_is_allowed(examined, share):
    assert share_of(InvariantRow("x", "valid", "", "", examined, [])) == share
    assert share_of(InvariantRow("x", "violated", "", "", examined, [])) is None
