"""
Kills a worker with -9 again and again while it writes pages; started again on the same folder it must serve every page
and every file as the UFS has it. `python -m tests.dora.page_kills FOLDER CLUSTER ENDPOINT KILLS [CLASS]` prints how
many kills left a page half written, and how many pages were served from the disk afterwards.
"""

import os
import random
import signal
import sys
import threading
import time
from http.client import HTTPConnection
from multiprocessing.context import ForkProcess
from pathlib import Path
from types import SimpleNamespace

from harness.cluster.linux import die_with_parent
from harness.dora import worker
from harness.dora.page_store import checksum
from harness.dora.rest import cached
from tests.conftest import eventually
from tests.dora.nodes import Node
from tests.dora.stub import page_of

FILES, CHANGED = 6, 4
PAGE_BYTES, FILE_BYTES = 1 << 18, 7 << 17
PATIENCE_S = 300
"""Also of the lease: however slow the machine is, the worker goes on serving."""
CONF = {
    "alluxio.worker.identity.uuid": "00000000-0000-0000-0000-000000000001",
    "alluxio.worker.failure.detection.timeout": f"{PATIENCE_S}s",
    "alluxio.worker.page.store.page.size": f"{PAGE_BYTES}B",
    "alluxio.worker.page.store.sizes": f"{FILES * FILE_BYTES * 3 // 2}B",
}


class Fork(ForkProcess):
    """A worker in a fork of this process, which has imported all that it needs: it starts in milliseconds."""

    def __init__(self, settings, log):
        super().__init__(target=self.become, args=(settings, log.fileno()), daemon=True)
        self.start()

    @staticmethod
    def become(settings, log):
        die_with_parent()
        os.dup2(log, sys.stderr.fileno())
        sys.exit(worker.main(settings))

    def wait(self, timeout=None):
        self.join(timeout)
        return self.exitcode


class Worker(Node):
    patience_s = PATIENCE_S

    def spawn(self, settings, log):
        return Fork(settings, log)

    def address(self):
        """Where it serves, by the first view that holds its registration: it has another port at each start."""
        registered = self.op("register").value["revision"]
        view = eventually(lambda: self._view_since(registered), "its view", PATIENCE_S)
        (address,) = view["online"].values()
        return address

    def _view_since(self, revision):
        view = self.ask("view")
        return view.get("revision", 0) >= revision and view

    def kill(self):
        self.process.kill()
        status = self.exit_status()
        if status != -signal.SIGKILL:
            raise SystemExit(f"it had ended by itself, with {status}")


class Files:
    """What the UFS holds, and what a client may ask of it: [(path of HTTP, the right answer)]."""

    def __init__(self, folder, draw):
        self._folder, self._draw = folder, draw
        self._contents = {}
        self._folder.mkdir()
        for number in range(FILES):
            self._change(f"key-{number}")

    def changed(self):
        """Changes some of them, and asks for those: one as a whole, the others by their pages."""
        names = self._draw.sample(sorted(self._contents), CHANGED)
        for name in names:
            self._change(name)
        asked = [*self.whole(names[:1]), *self.pages(names[1:])]
        self._draw.shuffle(asked)
        return asked

    def pages(self, names=None):
        for name in names or self._contents:
            url, contents = self._url(name), self._contents[name]
            for index, start in enumerate(range(0, len(contents), PAGE_BYTES)):
                yield page_of(url, index), contents[start : start + PAGE_BYTES]

    def whole(self, names=None):
        for name in names or self._contents:
            yield f"/v1/file?path={self._url(name)}", self._contents[name]

    def _change(self, name):
        contents = self._contents[name] = self._draw.randbytes(FILE_BYTES - self._draw.randrange(PAGE_BYTES))
        (self._folder / "next").write_bytes(contents)
        (self._folder / "next").rename(self._folder / name)

    def _url(self, name):
        return f"file://{self._folder / name}"


def must_be_right(connection, path, contents):
    """The answer to what was asked last; how many of its pages were on disk."""
    answer = connection.getresponse()
    found = answer.read()
    if answer.status != 200 or found != contents:
        raise SystemExit(f"{path}: {answer.status}, {len(found)} bytes, which are not those of the UFS")
    return cached(answer.headers)[0]


def go_over(address, asked):
    """Ask one after the other; how many pages were on disk."""
    connection, hits = HTTPConnection(address, timeout=PATIENCE_S), 0
    for path, contents in asked:
        connection.request("GET", path)
        hits += must_be_right(connection, path, contents)
    connection.close()
    return hits


def all_right(node, files):
    """Every page must be what the UFS has, and every file; where it serves, and how many pages it found on disk."""
    address = node.address()
    hits = go_over(address, files.pages())
    go_over(address, files.whole())
    return address, hits


def ask_all(address, asked):
    """At once; the connections, on which answers come."""
    connections = []
    for path, _ in asked:
        connections.append(HTTPConnection(address, timeout=PATIENCE_S))
        connections[-1].request("GET", path)
    return connections


def fill(address, asked):
    """How many seconds it took until all answers were there, which must be right."""
    began_s = time.monotonic()
    for connection, (path, contents) in zip(ask_all(address, asked), asked, strict=True):
        must_be_right(connection, path, contents)
        connection.close()
    return time.monotonic() - began_s


def kill_amid(node, address, asked, after_s):
    connections = ask_all(address, asked)
    threading.Event().wait(after_s)
    node.kill()
    for connection in connections:
        connection.close()


def half_written(pages):
    """Whether anything there is not a whole page by its own name."""
    sealed = {page.name: page.read_bytes() for page in pages.iterdir() if page.name != "lock"}
    return any(page[:32] != checksum(name, page[32:]) for name, page in sealed.items())


def main(folder, cluster, endpoint, kills, part=None):
    draw, torn = random.Random(kills), 0
    files = Files(folder / "ufs", draw)
    node = Worker(folder, SimpleNamespace(name=cluster, endpoint=endpoint), "worker", "killed", part, **CONF)
    address, hits = all_right(node, files)
    for _ in range(kills):
        took_s = fill(address, files.changed())
        kill_amid(node, address, files.changed(), draw.uniform(0, took_s))
        torn += half_written(folder / "killed" / "pages")
        node.start()
        address, kept = all_right(node, files)
        hits += kept
    node.end()
    print(f"{kills} kills, {torn} left a page half written, {hits} pages were served from the disk afterwards")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:4], int(sys.argv[4]), *sys.argv[5:])
