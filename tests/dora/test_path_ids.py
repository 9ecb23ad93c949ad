import asyncio

import pytest

from harness.dora import path_ids
from harness.dora.path_ids import PathIds
from tests.dora.stub import id_of


class Files:
    def __init__(self, *urls):
        self.urls, self.looks = list(urls), 0

    def __call__(self):
        self.looks += 1
        return iter(self.urls)


def with_ids(files, what, told=None):
    async def running():
        return await what(PathIds(files, asyncio.to_thread, (told if told is not None else []).append))

    return asyncio.run(running())


async def found(ids, *paths):
    answers = await asyncio.gather(*(ids.path(id_of(path)) for path in paths), return_exceptions=True)
    return [None if isinstance(answer, FileNotFoundError) else answer for answer in answers]


def test_nothing_is_looked_at_before_somebody_asks():
    files = Files("file:///ufs/a")

    async def learn(ids):
        ids.learn("file:///ufs/b")
        return await found(ids, "file:///ufs/b")

    assert with_ids(files, learn) == ["file:///ufs/b"]
    assert files.looks == 0


def test_ids_are_found_and_many_who_ask_at_once_cost_one_look():
    files = Files("file:///ufs/a", "file:///ufs/b")
    paths = ["file:///ufs/a", "file:///ufs/b", "file:///ufs/c"] * 20
    assert with_ids(files, lambda ids: found(ids, *paths)) == ["file:///ufs/a", "file:///ufs/b", None] * 20
    assert files.looks == 1


def test_an_unknown_id_is_looked_for_no_oftener_than_the_pause_allows(monkeypatch):
    files = Files("file:///ufs/a")

    async def ask_often(ids):
        for _ in range(100):
            await found(ids, "file:///ufs/b")
        files.urls.append("file:///ufs/b")
        early = await found(ids, "file:///ufs/b")
        monkeypatch.setattr(path_ids.time, "monotonic", lambda now=path_ids.time.monotonic: now() + 3600)
        return early, await found(ids, "file:///ufs/b")

    assert with_ids(files, ask_often) == ([None], ["file:///ufs/b"])
    assert files.looks == 2


@pytest.mark.parametrize("id", ["", "x", "0" * 64, "0", "é" * 64])
def test_what_is_no_id_is_not_found(id):
    async def ask(ids):
        with pytest.raises(FileNotFoundError, match="no file has that id"):
            await ids.path(id)

    with_ids(Files("file:///ufs/a"), ask)


def test_a_hint_counts_only_with_its_own_id():
    async def ask(ids):
        own = await ids.path(id_of("file:///ufs/z"), "file:///ufs/z")
        return own, await ids.path(id_of("file:///ufs/a"), "file:///ufs/z")

    assert with_ids(Files("file:///ufs/a"), ask) == ("file:///ufs/z", "file:///ufs/a")


def test_of_too_many_files_those_beyond_are_told_of_and_found_by_path_only(monkeypatch):
    monkeypatch.setattr(path_ids, "_FILES_MAX", 2)
    monkeypatch.setattr(path_ids, "_LEARNED_MAX", 1)
    told = []

    async def ask(ids):
        ids.learn("file:///ufs/d")
        ids.learn("file:///ufs/c")
        return await found(ids, *(f"file:///ufs/{name}" for name in "abcd"))

    files = Files(*(f"file:///ufs/{name}" for name in "abcd"))
    assert with_ids(files, ask, told) == ["file:///ufs/a", "file:///ufs/b", "file:///ufs/c", None]
    assert told == ["the UFS has more than 2 files; others are found by path only"]
