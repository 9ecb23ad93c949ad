"""Workers whose cache of pages is broken; see `animals.py`."""

import shutil
import threading

from harness.dora.page_store import CHECKSUM_BYTES, PageStore, checksum
from harness.dora.worker import Worker

_SLOW_S = 0.3


class _InPlaceStore(PageStore):
    """Writes slowly, and where the page belongs; whatever it finds there, it gives out."""

    def write(self, name, contents):
        sealed = checksum(name, contents) + contents
        half = CHECKSUM_BYTES + len(contents) // 2
        with (self.folder / name).open("wb", buffering=0) as out:
            out.write(sealed[:half])
            threading.Event().wait(_SLOW_S)
            out.write(sealed[half:])

    def read(self, name):
        return (self.folder / name).read_bytes()[CHECKSUM_BYTES:]


class TearsPages(Worker):
    """Killed while it writes a page, it has half of it for the whole."""

    def new_store(self):
        sound = super().new_store()
        return _InPlaceStore(sound.folder, sound.limit_bytes, self.not_kept)


class ForgetsPages(Worker):
    """Throws its cache away at every start."""

    def new_store(self):
        store = super().new_store()
        shutil.rmtree(store.folder, ignore_errors=True)
        return store


class BreaksOff(Worker):
    """Of files with several pages it sends the first one with a wrong bit, and no other one."""

    async def page(self, file, index):
        page = await super().page(file, index)
        if self.pages.count(file) == 1:
            return page
        if index:
            raise OSError("no more")
        return bytes([page[0] ^ 1]) + page[1:]
