from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.entity import NetAddress, WorkerEntity, decode, encode
from harness.core.identity import WorkerId
from harness.errors import EntityError
from tests.core.vectors import vectors

VALUES = vectors("entity_values")
FIELDS = NetAddress.__slots__
BREAKS_ALLUXIO = {
    "empty value",
    "json null",
    "empty object",
    "no identity",
    "identity null",
    "no address",
    "address null",
}
"""Read by Alluxio's parser, and then the cause of a NullPointerException or of a member that does not exist."""

ports = st.integers(-(1 << 31), (1 << 31) - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]))
addresses = st.builds(NetAddress, texts, texts, ports, ports, ports, ports, ports, texts, ports)
ids = st.one_of(st.uuids().map(WorkerId.of_uuid), st.binary(min_size=8, max_size=8).map(lambda raw: WorkerId(0, raw)))
entities = st.builds(WorkerEntity, ids, addresses)


@pytest.mark.parametrize("case", VALUES["serialize"], ids=lambda case: case["case"])
def test_values_are_alluxios_to_the_byte(case):
    entity = WorkerEntity(WorkerId.parse(case["identity"]), NetAddress(*(case[field] for field in FIELDS)))
    assert encode(entity) == case["value"].encode()
    assert decode(case["value"].encode()) == entity


@pytest.mark.parametrize("case", VALUES["deserialize"], ids=lambda case: case["case"])
def test_values_are_read_as_alluxio_reads_them_or_rejected(case):
    value = case["value"].encode()
    if case["outcome"] == "skipped" or case["case"] in BREAKS_ALLUXIO:
        with pytest.raises(EntityError):
            decode(value)
    else:
        entity = decode(value)
        host = "" if case["host"] == "(null)" else case["host"]
        assert (str(entity.id), entity.address.host, entity.address.rpc_port) == (
            case["identity"],
            host,
            case["rpc_port"],
        )


GOOD = VALUES["serialize"][0]["value"]


@pytest.mark.parametrize(
    "value",
    [
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"Identity":' * 100_000,
        b"1" * 10_000,
        GOOD.replace("1000", "true").encode(),
        GOOD.replace("1000", "2147483648").encode(),
        GOOD.replace('"worker1"', "5").encode(),
        GOOD.replace('"version":1', '"version":true').encode(),
        GOOD.replace('"bb8e', '" bb 8e').encode(),
    ],
    ids=[
        "no UTF-8",
        "deep lists",
        "deep objects",
        "long number",
        "port true",
        "port too big",
        "host 5",
        "version true",
        "hex with blanks",
    ],
)
def test_hostile_values_are_rejected_like_any_other(value):
    with pytest.raises(EntityError):
        decode(value)


def test_a_value_from_before_the_http_port_is_read():
    old = GOOD.replace(',"HttpServerPort":1021', "")
    assert decode(old.encode()).address.http_server_port == 0


@given(entities)
def test_reading_what_was_written_gives_it_back(entity):
    assert decode(encode(entity)) == entity


pieces = st.binary(max_size=4) | st.sampled_from([b"null", b"[]", b"{}", b"-1", b"1e9", b'"', b"'", b"}", b"NaN"])


@given(pieces, st.integers(0, len(GOOD)), st.integers(0, 40))
def test_a_value_with_a_piece_replaced_is_an_entity_or_an_entity_error(piece, start, length):
    value = GOOD.encode()
    with suppress(EntityError):
        entity = decode(value[:start] + piece + value[start + length :])
        assert decode(encode(entity)) == entity
