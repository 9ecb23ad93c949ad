"""
The smallest client that can take the part of ours: nothing but Python's own library, and a hash of its own.

It reads etcd through the JSON gateway and owns up to no revision; what it is asked, and how it answers, is told in
`harness/dora/guest.py`. `--wrong` makes it break one promise: `cuts-short` reads a part of each file, `rots` turns a
bit of it, `gives-up` reads nothing, `dies` ends at its first read, `babbles` says what is no answer.
"""

import argparse
import base64
import hashlib
import http.client
import json
import sys
import threading
import time
import urllib.request

_WRONG = ("cuts-short", "rots", "gives-up", "dies", "babbles")


class Client:
    def __init__(self, options):
        self._options, self._workers = options, {}

    def keep_view(self):
        while True:
            try:
                self._workers = self._read_members()
            except (OSError, ValueError, KeyError) as error:
                print("keeps its last view:", error, file=sys.stderr)
            time.sleep(self._options.refresh_s)

    def answer(self, request):
        workers = self._workers
        if not workers:
            return {"error": "no view yet"}
        if request["do"] == "view":
            return {"members": list(workers.values())}
        key = request["key"]
        owner = workers[max(workers, key=lambda worker: hashlib.sha256(f"{worker} {key}".encode()).digest())]
        return {"owner": owner, **(self._read(owner, key) if request["do"] == "read" else {})}

    def _read(self, owner, key):
        match self._options.wrong:
            case "dies":
                sys.exit("it had enough")
            case "gives-up":
                return {"error": "no time"}
        try:
            with urllib.request.urlopen(f"http://{owner}/v1/file?path={key}", timeout=2) as answer:
                contents = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return {"error": str(error) or type(error).__name__}
        if self._options.wrong == "cuts-short":
            contents = contents[: len(contents) // 2]
        elif self._options.wrong == "rots":
            contents = bytes([contents[0] ^ 1]) + contents[1:]
        return {"served_by": owner, "length": len(contents), "sha256": hashlib.sha256(contents).hexdigest()}

    def _read_members(self):
        prefix = f"/ServiceDiscovery/{self._options.cluster}/".encode()
        wanted = {"key": prefix, "range_end": prefix[:-1] + bytes([prefix[-1] + 1])}
        body = json.dumps({name: base64.b64encode(text).decode() for name, text in wanted.items()})
        with urllib.request.urlopen(f"{self._options.etcd}/v3/kv/range", body.encode(), timeout=1) as answer:
            found = json.load(answer).get("kvs", [])
        records = [json.loads(base64.b64decode(kv["value"])) for kv in found]
        return {record["Identity"]["identifier"]: _address(record["WorkerNetAddress"]) for record in records}


def _address(net):
    return f"{net['Host']}:{net['HttpServerPort']}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--etcd", required=True, help="the URL of one member")
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--refresh-s", type=int, default=1)
    parser.add_argument("--wrong", choices=_WRONG)
    options = parser.parse_args()
    client = Client(options)
    threading.Thread(target=client.keep_view, daemon=True).start()
    for line in sys.stdin:
        request = json.loads(line)
        if options.wrong == "babbles":
            print("what was that?")
        print(json.dumps({"id": request["id"], **client.answer(request)}), flush=True)


if __name__ == "__main__":
    main()
