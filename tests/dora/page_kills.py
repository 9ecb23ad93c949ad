"""
Kills a process with -9 again and again while it caches pages; each time a fresh one must serve every page as the UFS
has it. `python -m tests.dora.page_kills FOLDER KILLS` prints how many kills left a page half written.
"""

import asyncio
import os
import random
import signal
import sys
import threading
from pathlib import Path

from harness.dora.page_store import PageStore
from harness.dora.pages import Pages
from harness.dora.ufs import Ufs

_FILES, _FILE_BYTES, _PAGE_BYTES = 6, 1_000_000, 131_072
_LIMIT_BYTES = _FILES * _FILE_BYTES // 3
_WITHIN_S = 0.02


async def go_over(folder, has_begun=None):
    """Read all files through the cache, which holds a third of them, and compare: once, or for ever and say so."""
    told = []
    pages = Pages(Ufs(f"file://{folder}/ufs"), PageStore(folder / "pages", _LIMIT_BYTES, told.append), _PAGE_BYTES)
    await pages.open()
    while True:
        for url in pages.ufs.urls():
            file = pages.ufs.file(url)
            if has_begun:
                os.write(has_begun, b".")
            found = await asyncio.gather(*(pages.page(file, index) for index in range(pages.count(file))))
            if b"".join(found) != Path(file.place).read_bytes() or told:
                raise SystemExit(f"{url} is not what the UFS has; {told}")
        if not has_begun:
            pages.close()
            return


def forked(folder, has_begun=None):
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        asyncio.run(go_over(folder, has_begun))
        status = 0
    except SystemExit as error:
        print(error, flush=True)
    finally:
        os._exit(status)


def main(folder, kills):
    draw, torn = random.Random(kills), 0
    (folder / "ufs").mkdir()
    for number in range(_FILES):
        (folder / "ufs" / f"key-{number}").write_bytes(draw.randbytes(_FILE_BYTES + number))
    for _ in range(kills):
        heard, says = os.pipe()
        pid = forked(folder, says)
        os.close(says)
        os.read(heard, 1)
        threading.Event().wait(draw.uniform(0, _WITHIN_S))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        os.close(heard)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            return 1
        torn += any(path.suffix == ".part" for path in (folder / "pages").glob("*"))
        _, status = os.waitpid(forked(folder), 0)
        if status:
            return 1
    print(f"{kills} kills, {torn} of them in the middle of a page")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
