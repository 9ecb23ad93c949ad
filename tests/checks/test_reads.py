from dataclasses import replace
from hashlib import sha256

import pytest

from harness.checks import INVARIANTS
from harness.core.content import content_of
from tests.checks.telling import IDS, KEYS, PLAN, judged, op, owner_of, planned, read, run_begins, texts

NAME = "reads-are-what-the-ufs-holds"
KEY = KEYS[0]
OWNER = owner_of(KEY)


def test_the_bytes_of_the_ufs_are_valid():
    verdict = judged(NAME, read(1, KEY, OWNER, 5), read(2, KEY, OWNER, 5, content={"served_by": "ufs"}))
    assert (verdict.outcome, verdict.summary) == ("valid", "2 reads, 1 of them from the UFS")


@pytest.mark.parametrize("content", [{"sha256": "0" * 64}, {"length": 3}])
def test_other_bytes_are_violated(content):
    verdict = judged(NAME, run_begins(), read(1, KEY, OWNER, 5, content=content))
    assert f"of {KEY} from {OWNER} at 1.00 s; the UFS holds" in texts(verdict)[0]


def test_the_content_of_another_key_is_violated():
    other = read(1, KEYS[1], OWNER, 5).value
    content = {field: other[field] for field in ("length", "sha256")}
    assert judged(NAME, read(1, KEY, OWNER, 5, content=content)).outcome == "violated"


@pytest.mark.parametrize("kind", ["invoke", "fail", "info"])
def test_reads_that_did_not_succeed_prove_nothing(kind):
    assert judged(NAME, op(1, "client-1", "read", {"key": KEY}, kind, id=1)).outcome == "unknown"


def test_at_least_half_of_the_reads_must_be_answered():
    def begun(seconds, kind):
        return op(seconds, "client-1", "read", {"key": KEY}, kind, id=1)

    half = judged(NAME, read(1, KEY, OWNER, 5), begun(2, "info"), [begun(3 + n, "fail") for n in range(9)])
    less = judged(NAME, read(1, KEY, OWNER, 5), begun(2, "info"), begun(3, "info"))
    assert (half.outcome, less.outcome) == ("valid", "unknown")
    assert less.missing == "only 1 of 3 reads were answered"


def test_a_beginning_of_the_file_is_no_other_content_where_a_guest_read_it():
    beginning = content_of(PLAN.seed, KEY)[:50]
    content = {"length": 50, "sha256": sha256(beginning).hexdigest()}
    whole, short = read(1, KEY, OWNER, None), read(2, KEY, OWNER, None, content=content)
    guest = replace(PLAN, guests={"client-1": ("program",)})
    verdict = judged(NAME, whole, short, plan=guest)
    assert (verdict.outcome, verdict.summary) == ("valid", "1 read, 0 of them from the UFS, 1 more cut short")
    assert judged(NAME, whole, short, short, plan=guest).missing == "only 1 of 3 reads were answered"
    assert judged(NAME, whole, short).outcome == "violated"


# pages-are-what-the-ufs-holds

PAGES = "pages-are-what-the-ufs-holds"
PAGE = 1000
BY_PAGES = planned(properties={**PLAN.properties, "alluxio.worker.page.store.page.size": str(PAGE)})
LONG = next(key for key in KEYS if len(content_of(PLAN.seed, key)) > 2 * PAGE)
CONTENT = content_of(PLAN.seed, LONG)


def part(offset, contents=None, by="worker-1"):
    contents = CONTENT[offset : offset + PAGE] if contents is None else contents
    told = {"offset": offset, "length": len(contents), "sha256": sha256(contents).hexdigest()}
    return {"from": IDS[by], **told}


def read_by_pages(*parts):
    return judged(PAGES, run_begins(), read(1, LONG, "worker-1", 5, parts=list(parts)), plan=BY_PAGES)


def every_page(by="worker-1"):
    return [part(offset, by=by) for offset in range(0, len(CONTENT), PAGE)]


def test_pages_of_the_ufs_are_valid_those_of_an_answer_that_broke_off_too():
    verdict = read_by_pages(part(0, by="worker-2"), *every_page())
    pages = len(every_page()) + 1
    assert (verdict.outcome, verdict.summary) == ("valid", f"{pages} pages, 1 of them of answers that broke off")


@pytest.mark.parametrize(
    "wrong",
    [
        part(0, CONTENT[PAGE : 2 * PAGE]),
        part(0, CONTENT[: PAGE // 2] + bytes(PAGE // 2)),
        part(0, CONTENT[: PAGE - 1]),
        part(0, CONTENT[: PAGE + 1]),
        part(0, b""),
        part(PAGE, content_of(PLAN.seed, KEYS[-1])[:PAGE]),
    ],
    ids=["another page", "torn", "too short", "too long", "nothing", "of another file"],
)
def test_a_page_with_other_bytes_is_violated_though_the_read_ended_well_elsewhere(wrong):
    verdict = read_by_pages({**wrong, "from": IDS["worker-2"]}, *every_page())
    assert f"worker-2 sent client-1 {wrong['length']} bytes with SHA-256 {wrong['sha256'][:12]}..." in texts(verdict)[0]
    assert f"of {LONG} from byte {wrong['offset']} on (1.00 s); the UFS holds {PAGE}" in texts(verdict)[0]


def test_the_last_page_is_as_long_as_what_is_left():
    last = len(CONTENT) // PAGE * PAGE
    assert read_by_pages(part(last)).outcome == "valid"
    assert read_by_pages(part(last, CONTENT[last:] + b"\0")).outcome == "violated"


def test_files_that_were_only_read_whole_prove_nothing_of_pages():
    verdict = judged(PAGES, read(1, LONG, "worker-1", 5, parts=[]))
    assert (verdict.outcome, verdict.missing) == ("unknown", "no file was read by pages")


@pytest.mark.parametrize(
    ("plan", "applies"),
    [
        (PLAN, True),
        (replace(PLAN, clients=()), False),
        (replace(PLAN, workload=replace(PLAN.workload, reads_per_s=0.0)), False),
    ],
)
def test_pages_are_judged_where_clients_read(plan, applies):
    assert INVARIANTS[PAGES].applies(plan) is applies
