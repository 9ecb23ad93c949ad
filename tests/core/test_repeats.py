import pytest

from harness.core.history import Op
from harness.core.repeats import Whole, Written
from harness.errors import InputError

CONTENT = {"online": {"worker-a": "a:1"}, "offline": {}, "rejected": []}


def view(actor, digest, content, revision=4):
    whose = {"pid": 7, "incarnation": 1, "revision": revision, "digest": digest}
    return Op(revision, actor, "ok", "view", {**content, **whose})


def written(views):
    """What a writer makes of (actor, digest, revision), each content after its digest."""
    known = Written()
    for actor, digest, revision in views:
        yield view(actor, digest, {} if known.knows(digest) else content_of(digest), revision)


def content_of(digest):
    return {"online": {f"worker-{digest}": "a:1"}, "offline": {}, "rejected": []}


def test_a_content_is_written_once_and_read_for_everybody():
    first, second = written([("worker-1", "d", 4), ("worker-2", "d", 5)])
    assert "online" not in second.value
    whole = Whole()
    assert whole.of(first) == first
    assert whole.of(second) == view("worker-2", "d", content_of("d"), 5)


def test_however_many_there_are_each_is_read_as_it_was():
    views = [(f"worker-{n}", str(n * n % 301), n) for n in range(2000)]
    whole = Whole()
    read = [whole.of(op) for op in written(views)]
    assert read == [view(actor, digest, content_of(digest), revision) for actor, digest, revision in views]


def test_a_view_without_a_digest_and_any_other_op_stay_as_they_are():
    old, other = Op(1, "worker-1", "ok", "view", CONTENT), Op(2, "worker-1", "ok", "sample", {"digest": "d"})
    whole = Whole()
    assert [whole.of(old), whole.of(other)] == [old, other]


def test_a_history_that_lacks_the_content_is_refused():
    with pytest.raises(InputError, match="worker-2 has the digest d, and no content was written with that"):
        Whole().of(view("worker-2", "d", {}))
