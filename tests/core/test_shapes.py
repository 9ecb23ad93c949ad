import re

import pytest

from harness.core.history import NEMESIS, Op
from harness.core.shapes import ALWAYS, CONTENT, FAULT, FAULT_WHEN_OK, WHEN_OK, KeyValue, Part, wrong_with
from tests.meta.source import ROOT

PUT = {"key": "/a", "revision": 7, "create_revision": 7, "version": 1, "lease": 0, "text": ""}
SAMPLE = {"pid": 7, "incarnation": 1, "sent_ns": 5, "id": None, "state": "ready", "revision": 4}
EMPTY = {"online": {}, "offline": {}, "rejected": []}


def op(f, value, kind="ok", actor="observer"):
    return Op(1, actor, kind, f, value)


def test_an_op_that_holds_what_it_should_is_all_right():
    assert wrong_with(op("put", PUT)) == ""
    assert wrong_with(op("put", {**PUT, "more": "than is known"})) == ""


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ("seven", "'revision' is \"seven\"; it should be a whole number, 0 or more"),
        (-1, "'revision' is -1; it should be a whole number, 0 or more"),
        (True, "'revision' is true; it should be a whole number, 0 or more"),
        (None, "'revision' is null; it should be a whole number, 0 or more"),
        ("x" * 99, f"'revision' is \"{'x' * 36}...; it should be a whole number, 0 or more"),
    ],
)
def test_a_field_of_a_wrong_type_is_told_with_what_was_found(found, told):
    assert wrong_with(op("put", {**PUT, "revision": found})) == told


def test_a_missing_field_is_told():
    told = wrong_with(op("put", {key: value for key, value in PUT.items() if key != "text"}))
    assert told == "'text' is missing; it should be a text"


KVS = "'kvs' should be a list of maps of key, revision, create_revision, version, lease and text"
PARTS = "'parts' should be a list of maps of from, offset, length and sha256"
PART = {"from": "worker-1", "offset": 0, "length": 5, "sha256": "aa"}
READ = {"key": "/a", "owner": None, "revision": 4, "served_by": "ufs", "length": 5, "sha256": "aa"}


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (op("snapshot", {"revision": 7, "kvs": [PUT, {**PUT, "lease": "x"}]}), f"'kvs[1].lease' is \"x\"; {KVS}"),
        (op("snapshot", {"revision": 7, "kvs": [{"key": "/a"}]}), f"'kvs[0].revision' is missing; {KVS}"),
        (op("snapshot", {"revision": 7, "kvs": [PUT, 7]}), f"'kvs[1]' is 7; {KVS}"),
        (op("snapshot", {"revision": 7, "kvs": 7}), KVS.replace("'kvs'", "'kvs' is 7; it")),
        (op("read", {**READ, "parts": [{**PART, "from": None}]}), f"'parts[0].from' is null; {PARTS}"),
        (op("read", {**READ, "asked": ["a", 5]}), "'asked[1]' is 5; 'asked' should be a list of texts and nulls"),
        (op("run", {"etcd": {"runtime": "process"}}), "'etcd.version' is missing; 'etcd' should be a map of runtime, "),
        (op("view", {**EMPTY, "online": {"a": 5}}), "'online' is {\"a\":5}; it should be a map of texts to texts"),
    ],
)
def test_what_is_wrong_within_a_field_is_told_by_its_place(found, told):
    assert wrong_with(found).startswith(told)


def test_what_is_not_known_yet_need_not_be_there_before_it_happened():
    assert wrong_with(op("lookup", {"key": "/a"}, "invoke")) == ""
    assert wrong_with(op("lookup", {"key": "/a"})) == "'owner' is missing; it should be a text, or null"


def test_guests_know_no_revisions_and_all_others_do():
    nowhere = op("sample", {**SAMPLE, "revision": None}, actor="client-1")
    assert wrong_with(nowhere, ("client-1",)) == ""
    assert wrong_with(nowhere, ("client-2",))


def test_the_content_of_a_view_may_be_left_out_as_a_whole_where_it_has_a_digest():
    about = {"pid": 7, "incarnation": 1, "revision": 4}
    assert wrong_with(op("view", {**about, "digest": "d"})) == ""
    assert wrong_with(op("view", {**about, **EMPTY})) == ""
    assert wrong_with(op("view", about)).startswith("'online' is missing")
    assert wrong_with(op("view", {**about, "digest": "d", "online": {}})).startswith("'offline' is missing")


def test_a_fault_has_targets_whatever_its_name_and_an_effect_once_it_is_injected():
    begun = {"step": 0, "targets": ["worker-1"]}
    assert wrong_with(op("pause", begun, "invoke", NEMESIS)) == ""
    assert wrong_with(op("pause", begun, "ok", NEMESIS)).startswith("'effect' is missing; it should be one of proven,")
    assert wrong_with(op("partition", {**begun, "cuts": [["a", "b"]]}, "invoke", NEMESIS)).startswith(
        "'cuts[0][0]' is "
    )


def test_an_op_of_an_unknown_name_may_hold_anything():
    assert wrong_with(op("dance", {"with": "whom"})) == ""


def table():
    return (ROOT / "harness/core/README.md").read_text(encoding="utf-8").splitlines()


def rows():
    """Of the table of ops each row: the names, `FAULT` for any fault's, and the fields of their values."""
    for row in table():
        if row.startswith(("| `", "| FAULT ")):
            names, _, _, value = row.removeprefix("| ").split(" | ", maxsplit=3)
            yield re.findall(r"[A-Za-z-]+", names), fields(value)


def fields(told):
    """`"name"` in a map that is in no other, or alone; what is quoted within one is not a field of it."""
    flat = told
    while (inner := re.sub(r"(?<=[:\[,])[{\[][^{}\[\]]*[}\]]", "()", flat)) != flat:
        flat = inner
    return {*re.findall(r"""[{,`]"([a-z0-9_]+)"(?=[:,}`])""", flat)}


def shaped(name):
    if name == "FAULT":
        return {*FAULT, *FAULT_WHEN_OK}
    return {*ALWAYS.get(name, ()), *WHEN_OK.get(name, ()), *(CONTENT if name == "view" else ())}


def test_every_op_of_the_table_has_a_shape_and_no_other_op_has():
    named = {name for names, _ in rows() for name in names}
    assert {*ALWAYS, *WHEN_OK, "ready", "FAULT"} == named


@pytest.mark.parametrize(("name", "told"), [(name, told) for names, told in rows() for name in names])
def test_a_shape_has_the_fields_of_the_table(name, told):
    assert shaped(name) == told


@pytest.mark.parametrize(("name", "held"), [("kvs", KeyValue), ("parts", Part)])
def test_what_a_list_of_maps_holds_is_in_the_table(name, held):
    told = [re.search(rf'"{name}":\[(.+?\}})\]', value) for value in table()]
    assert [fields(found[1]) for found in told if found] == [{*held.__struct_encode_fields__}]


def test_every_op_of_a_stored_run_has_its_shape():
    ops = map(Op.parse, (ROOT / "tests/data/run/history.jsonl").read_bytes().splitlines())
    assert [told for told in ((op, wrong_with(op)) for op in ops) if told[1]] == []
