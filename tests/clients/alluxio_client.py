"""
The package `alluxio` of PyPI as a client of a run: its own code, asked over stdin and answering on stdout.

Run by an interpreter that has the package, and as `system.client.command` of a scenario. What it is asked, and how it
answers, is told in `harness/dora/guest.py`. Nothing of the package is changed: where it does not tell which worker
answered, a hook on its public HTTP session does.
"""

import argparse
import hashlib
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from alluxio import AlluxioFileSystem

_VNODES = "alluxio.user.consistent.hash.virtual.node.count.per.worker"
_PAGE_SIZE = "alluxio.worker.page.store.page.size"
_CLUSTER = "alluxio.cluster.name"
_WORKER = "X-Dora-Worker"
"""Where a worker of ours says who it is; of another one its address has to do."""
_SIDE_BY_SIDE = 16
_EVERYBODY = 1 << 20
_RETRY_S = 0.1


class Client:
    """A file system of the package, made as soon as there is a worker in etcd, for it refuses to be made before."""

    def __init__(self, options):
        self._options = options
        self._files = None
        self._answered = threading.local()

    def connect(self):
        own = self._options
        while self._files is None:
            try:
                files = AlluxioFileSystem(
                    etcd_hosts=own.etcd_hosts,
                    etcd_port=own.etcd_port,
                    options={_CLUSTER: own.cluster, _VNODES: own.vnodes, _PAGE_SIZE: own.page_size},
                    etcd_refresh_workers_interval=own.refresh_s,
                )
            except Exception as error:  # the package raises nothing narrower
                print(error, file=sys.stderr)
                time.sleep(_RETRY_S)
            else:
                files.session.hooks["response"].append(self._note)
                self._files = files

    def view(self, request):
        return {"members": [_address(worker) for worker in self._workers("", _EVERYBODY)]}

    def lookup(self, request):
        return {"owner": self._owner(request["key"])}

    def read(self, request):
        key, self._answered.by = request["key"], None
        before = self._owner(key)
        try:
            contents, error = self._files.read(key), None
        except Exception as raised:  # as above
            contents, error = b"", str(raised)
        after = self._owner(key)
        owner = before if before == after else None
        if error is not None:
            return {"error": error, "owner": owner}
        facts = {"length": len(contents), "sha256": hashlib.sha256(contents).hexdigest()}
        return {"owner": owner, "served_by": self._answered.by, **facts}

    def answer(self, request):
        if self._files is None:
            return {"error": "no view yet: there is no worker in etcd"}
        try:
            return {"view": self.view, "lookup": self.lookup, "read": self.read}[request["do"]](request)
        except Exception as error:  # whatever it is, it is an answer
            return {"error": f"{type(error).__name__}: {error}"}

    def _owner(self, key):
        return _address(self._workers(key, 1)[0])

    def _workers(self, key, count):
        return self._files.hash_provider.get_multiple_workers(key, count)

    def _note(self, response, *_, **__):
        self._answered.by = response.headers.get(_WORKER) or urlsplit(response.url).netloc


def _address(worker):
    return f"{worker.host}:{worker.http_server_port}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--etcd-hosts", required=True)
    parser.add_argument("--etcd-port", type=int, default=2379)
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--vnodes", required=True)
    parser.add_argument("--page-size", required=True)
    parser.add_argument("--refresh-s", type=int, default=120)
    client, writing = Client(parser.parse_args()), threading.Lock()
    threading.Thread(target=client.connect, daemon=True).start()

    def answer(request):
        line = json.dumps({"id": request["id"], **client.answer(request)})
        with writing:
            print(line, flush=True)

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
        for line in sys.stdin:
            threads.submit(answer, json.loads(line))


if __name__ == "__main__":
    main()
