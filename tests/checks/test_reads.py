from dataclasses import replace
from hashlib import sha256

import pytest

from harness.core.content import content_of
from tests.checks.telling import KEYS, PLAN, judged, op, owner_of, read, run_begins, texts

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
