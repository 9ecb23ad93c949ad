import os
from pathlib import Path

import pytest

from harness.dora.page_store import PageStore, page_name

FILE, OTHER = "a" * 64, "b" * 64
SEALED = 32


@pytest.fixture
def told():
    return []


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "home" / "pages"


@pytest.fixture
def new_store(folder, told):
    """A store of three pages of 100 bytes, as a fresh process would open it; the one before is closed."""
    stores = []

    def open_store(limit=3 * (SEALED + 100)):
        for store in stores:
            store.close()
        stores.append(PageStore(folder, limit, told.append))
        stores[-1].open()
        return stores[-1]

    yield open_store
    stores[-1].close()


def page(number):
    return bytes([number]) * 100


def test_a_page_is_given_out_as_it_was_put(new_store, told):
    store = new_store()
    store.put(page_name(FILE, 0), page(1))
    assert store.get(page_name(FILE, 0)) == page(1)
    assert (store.held(FILE), page_name(FILE, 0) in store, told) == (1, True, [])


def test_what_was_never_put_is_not_there(new_store):
    store = new_store()
    assert store.get(page_name(FILE, 0)) is None
    assert (store.held(FILE), page_name(FILE, 0) in store) == (0, False)


def test_an_empty_page_is_a_page(new_store):
    store = new_store()
    store.put(page_name(FILE, 0), b"")
    assert store.get(page_name(FILE, 0)) == b""


def test_pages_outlive_a_restart(new_store):
    new_store().put(page_name(FILE, 0), page(1))
    store = new_store()
    assert (store.held(FILE), store.get(page_name(FILE, 0)), store.used_bytes) == (1, page(1), SEALED + 100)


def test_the_page_used_longest_ago_goes_first(new_store):
    store = new_store()
    for number in range(3):
        store.put(page_name(FILE, number), page(number))
    store.get(page_name(FILE, 0))
    store.put(page_name(OTHER, 0), page(9))
    assert [page_name(FILE, number) in store for number in range(3)] == [True, False, True]
    assert (store.held(FILE), store.held(OTHER)) == (2, 1)


def test_the_limit_holds_on_disk_too(new_store, folder):
    store = new_store()
    for number in range(20):
        store.put(page_name(FILE, number), page(number))
    sizes = [path.stat().st_size for path in folder.iterdir()]
    assert sum(sizes) == store.used_bytes == 3 * (SEALED + 100)


def test_a_lower_limit_holds_from_the_start(new_store, folder):
    for number in range(3):
        new_store().put(page_name(FILE, number), page(number))
        os.utime(folder / page_name(FILE, number), (number, number))
    assert new_store(SEALED + 100).held(FILE) == 1
    assert [path.name for path in folder.iterdir() if path.name != "lock"] == [page_name(FILE, 2)]


def test_a_page_above_the_limit_is_not_kept_and_nothing_goes_for_it(new_store):
    store = new_store(SEALED + 100)
    store.put(page_name(FILE, 0), page(1))
    store.put(page_name(FILE, 1), bytes(101))
    assert (store.get(page_name(FILE, 0)), store.get(page_name(FILE, 1))) == (page(1), None)


def test_a_page_put_again_is_counted_once(new_store):
    store = new_store()
    for number in (1, 2):
        store.put(page_name(FILE, 0), page(number))
    assert (store.get(page_name(FILE, 0)), store.held(FILE), store.used_bytes) == (page(2), 1, SEALED + 100)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def cut_to_nothing(path):
    path.write_bytes(b"")


def cut_in_the_checksum(path):
    path.write_bytes(path.read_bytes()[: SEALED - 1])


def lengthen(path):
    path.write_bytes(path.read_bytes() + b"\0")


def turn_a_bit(path):
    sealed = bytearray(path.read_bytes())
    sealed[-1] ^= 1
    path.write_bytes(sealed)


def tear(path):
    sealed = path.read_bytes()
    path.write_bytes(sealed[:60] + bytes(len(sealed) - 60))


def be_a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def be_without_end(path):
    path.unlink()
    path.symlink_to("/dev/zero")


def be_another(path):
    path.write_bytes((path.parent / page_name(OTHER, 0)).read_bytes())


@pytest.mark.parametrize(
    "damage", [cut, cut_to_nothing, cut_in_the_checksum, lengthen, turn_a_bit, tear, be_another, Path.unlink]
)
@pytest.mark.parametrize("when", ["before a restart", "while it runs"])
def test_a_page_that_is_not_what_was_put_is_never_given_out(new_store, folder, damage, when):
    store = new_store()
    store.put(page_name(OTHER, 0), page(2))
    store.put(page_name(FILE, 0), page(1))
    damage(folder / page_name(FILE, 0))
    if when == "before a restart":
        store = new_store()
    assert store.get(page_name(FILE, 0)) is None
    assert (store.held(FILE), (folder / page_name(FILE, 0)).exists()) == (0, False)
    assert store.get(page_name(OTHER, 0)) == page(2)
    assert store.used_bytes == SEALED + 100


@pytest.mark.parametrize("become", [be_a_pipe, be_without_end])
def test_what_somebody_puts_in_the_place_of_a_page_neither_hangs_nor_fills_memory(new_store, folder, become):
    store = new_store()
    store.put(page_name(FILE, 0), page(1))
    become(folder / page_name(FILE, 0))
    assert store.get(page_name(FILE, 0)) is None
    store.put(page_name(FILE, 0), page(1))
    assert store.get(page_name(FILE, 0)) == page(1)


def test_what_a_killed_process_left_half_written_is_removed_and_nothing_else_is(new_store, folder):
    folder.mkdir(parents=True)
    (folder / f"{page_name(FILE, 0)}.7.part").write_bytes(b"half")
    for name in ("notes", "film.part"):
        (folder / name).write_text("somebody's")
    (folder / page_name(OTHER, 0)).mkdir()
    assert new_store().used_bytes == 0
    assert {path.name for path in folder.iterdir()} == {"notes", "film.part", "lock", page_name(OTHER, 0)}


def test_a_folder_has_one_process_at_a_time(new_store, folder, told):
    store = new_store()
    other = PageStore(folder, 1000, told.append)
    other.open()
    other.put(page_name(FILE, 0), page(1))
    assert (other.get(page_name(FILE, 0)), store.held(FILE)) == (None, 0)
    assert told == [f"{folder}: pages are not kept, but read from the UFS: another process has it"]


def test_a_folder_that_can_not_be_is_told_once_and_is_no_error(tmp_path, told):
    (tmp_path / "file").write_text("")
    store = PageStore(tmp_path / "file" / "pages", 1000, told.append)
    store.open()
    for number in range(3):
        store.put(page_name(FILE, number), page(number))
        assert store.get(page_name(FILE, number)) is None
    assert len(told) == 1
    assert "Not a directory" in told[0]


def test_a_folder_that_goes_away_is_told_once_and_is_no_error(new_store, folder, told):
    store = new_store()
    (folder / "lock").unlink()
    folder.rmdir()
    for number in range(3):
        store.put(page_name(FILE, number), page(number))
    assert (store.get(page_name(FILE, 0)), store.used_bytes, len(told)) == (None, 0, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_told_once_and_leaves_no_half_page(new_store, folder, told, monkeypatch):
    store = new_store()
    store.put(page_name(FILE, 0), page(0))
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda path, *more, **how: opened(Path("/dev/full"), "wb"))
    for number in (1, 2):
        store.put(page_name(FILE, number), page(number))
    monkeypatch.undo()
    assert (store.held(FILE), store.get(page_name(FILE, 0)), store.used_bytes) == (1, page(0), SEALED + 100)
    assert len(told) == 1
    assert "No space left on device" in told[0]
