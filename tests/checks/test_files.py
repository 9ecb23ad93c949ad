from dataclasses import replace
from hashlib import sha256

import pytest

from harness.checks.files import Files
from harness.core.content import content_of
from tests.checks.telling import KEYS, PLAN, owner_of, read

KEY = KEYS[0]
WHOLE = content_of(PLAN.seed, KEY)
GUESTS = replace(PLAN, guests={"client-1": ("program",)})


def read_as(contents, client="client-1"):
    content = {"length": len(contents), "sha256": sha256(contents).hexdigest()}
    return read(1, KEY, owner_of(KEY), None, client=client, content=content)


@pytest.mark.parametrize("length", [0, 1, len(WHOLE) - 1])
def test_a_beginning_of_the_file_is_cut_short(length):
    assert Files(GUESTS).is_cut_short(read_as(WHOLE[:length]))


@pytest.mark.parametrize("contents", [WHOLE, WHOLE[1:], b"\0" + WHOLE[1:-1], WHOLE + b"\0"])
def test_the_file_itself_and_what_is_no_beginning_of_it_is_not(contents):
    assert not Files(GUESTS).is_cut_short(read_as(contents))


def test_our_own_clients_have_no_excuse():
    assert not Files(GUESTS).is_cut_short(read_as(WHOLE[:-1], "client-2"))


def test_files_are_as_long_as_the_plan_says():
    plan = replace(PLAN, workload=replace(PLAN.workload, file_bytes=9000))
    assert Files(plan).length(KEY) == 9000
    assert Files(plan).sha256(KEY) == sha256(content_of(PLAN.seed, KEY, 9000)).hexdigest()
