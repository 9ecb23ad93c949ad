import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.identity import WorkerId, identity_file, identity_in, identity_lines
from harness.errors import EntityError
from tests.core.vectors import vectors

VALUES = vectors("entity_values")
TEXT = "bb8eec09-c097-3051-8097-41f097f360fa"
WORKER = WorkerId.parse(f"worker-{TEXT}")

ids = st.one_of(st.uuids().map(WorkerId.of_uuid), st.binary(min_size=8, max_size=8).map(lambda raw: WorkerId(0, raw)))


@pytest.mark.parametrize("case", VALUES["identity_string"], ids=lambda case: case["text"])
def test_texts_are_read_as_alluxio_reads_them(case):
    if case["outcome"] == "parsed":
        worker = WorkerId.parse(case["text"])
        assert (worker.version, str(worker)) == (case["version"], case["canonical"])
    else:
        with pytest.raises(EntityError, match=re.escape(f"{case['text']!r} is no worker identity")):
            WorkerId.parse(case["text"])


@pytest.mark.parametrize("case", VALUES["uuid_text"], ids=lambda case: repr(case["text"]))
def test_a_line_of_an_identity_file_is_not_trimmed(case):
    file_text = f"# a comment\n\n{case['text']}\n"
    if case["identity"]:
        assert str(identity_in(file_text)) == case["identity"]
    elif case["text"]:
        with pytest.raises(EntityError, match="is no uuid"):
            identity_in(file_text)
    else:
        assert identity_in(file_text) is None


def test_a_generated_file_holds_its_identity():
    text = identity_file(UUID(TEXT), "Sat, 21 Nov 2026 10:44:00 GMT")
    assert text == f"# Worker identity automatically generated at Sat, 21 Nov 2026 10:44:00 GMT\n{TEXT}\n"
    assert identity_in(text) == WORKER


def test_the_first_of_several_identities_counts():
    text = f"#one\n{TEXT}\n00000000-0000-0000-0000-000000000000\n"
    assert identity_in(text) == WORKER
    assert len(identity_lines(text)) == 2


@pytest.mark.parametrize("text", ["", "# only a comment\n", " \n\t\n"])
def test_a_file_without_an_identity_has_none(text):
    assert identity_in(text) is None


def test_a_comment_starts_in_the_first_column():
    with pytest.raises(EntityError, match="' # no comment' is no uuid"):
        identity_in(f" # no comment\n{TEXT}\n")


@pytest.mark.parametrize(("version", "length"), [(0, 16), (1, 8), (2, 16), (1, 0), (-1, 8)])
def test_other_versions_and_lengths_are_refused(version, length):
    with pytest.raises(EntityError, match=f"version {version} and {length} bytes"):
        WorkerId(version, bytes(length))


@given(ids)
def test_parsing_its_text_gives_the_identity_back(worker):
    assert WorkerId.parse(str(worker)) == worker


@given(st.lists(ids))
def test_ids_are_ordered_as_etcd_orders_keys(workers):
    assert [str(worker) for worker in sorted(workers)] == sorted((str(worker) for worker in workers), key=str.encode)


def test_worker_10_comes_before_worker_9():
    assert WorkerId.parse("worker-10") < WorkerId.parse("worker-9")
