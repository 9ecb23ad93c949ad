"""Workers and clients as processes on loopback, asked over control sockets and heard as the harness hears them."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from urllib.parse import quote

from harness.core.history import Op
from tests.conftest import eventually

_RUN = "import json, sys; from harness.dora.{role} import main; sys.exit(main(json.loads(sys.argv[1])))"


class Node:
    """One process of `role`; `conf` are properties over those that every node of a test needs."""

    patience_s = 15

    def __init__(self, folder, cluster, role, name, part=None, **conf):
        self._folder, self._role, self._name, self._part = folder / name, role, name, part
        self._folder.mkdir()
        self._incarnation = 0
        self._history = None
        self.log = self._folder / "log"
        self.conf = self._folder / "alluxio-site.properties"
        own = {
            "alluxio.cluster.name": cluster.name,
            "alluxio.etcd.endpoints": cluster.endpoint,
            "alluxio.worker.hostname": "127.0.0.1",
            "alluxio.worker.http.server.port": "0",
            "alluxio.worker.failure.detection.timeout": "1s",
            "alluxio.user.worker.list.refresh.interval": "100ms",
            "alluxio.dora.client.ufs.root": f"file://{folder}/ufs",
        }
        self.conf.write_text("".join(f"{key}={value}\n" for key, value in {**own, **conf}.items()))
        self.start()

    def start(self):
        self._incarnation += 1
        if self._history:
            self._history.close()
        self._history, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._history.settimeout(self.patience_s)
        settings = {
            "name": self._name,
            "incarnation": self._incarnation,
            "conf": str(self.conf),
            "home": str(self._folder),
            "control": str(self._folder / "control.sock"),
            "history_fd": theirs.fileno(),
            "class": self._part,
        }
        with self.log.open("ab") as log:
            self.process = self.spawn(settings, log)
        theirs.close()

    def spawn(self, settings, log):
        command = [sys.executable, "-c", _RUN.format(role=self._role), json.dumps(settings)]
        return subprocess.Popen(command, stderr=log, pass_fds=[settings["history_fd"]])

    def end(self):
        self.process.kill()
        self.process.wait()
        self._history.close()

    def signal(self, name):
        os.kill(self.process.pid, signal.Signals[f"SIG{name}"])

    def exit_status(self):
        return self.process.wait(timeout=self.patience_s)

    def ask(self, do, **fields):
        with self._line(do, fields) as line, line.makefile() as answers:
            return json.loads(answers.readline())

    def tell(self, do, **fields):
        """As `ask`, but hangs up without waiting for the answer."""
        self._line(do, fields).close()

    def _line(self, do, fields):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(self.patience_s)
        try:
            line.connect(str(self._folder / "control.sock"))
            line.sendall(json.dumps({"do": do, **fields}).encode() + b"\n")
        except OSError:
            line.close()
            raise
        return line

    def until(self, state):
        return eventually(lambda: (told := self.ask("state"))["state"] == state and told, f"{self._name} {state}")

    def until_view(self, online):
        def view():
            told = self.ask("view")
            return told["ok"] and len(told["online"]) == online and told

        return eventually(view, f"{self._name} to see {online} online")

    def op(self, f):
        """The next op of this kind; what comes before it is dropped."""
        while data := self._history.recv(1 << 16):
            op = Op.parse(data)
            if op.f == f:
                return op
        raise AssertionError(f"{self._name} ended without {f}")

    def get(self, path, page="/v1/file"):
        """(status, headers, body) of its own HTTP server."""
        address = self.ask("state")["id"]
        at = self.ask("view")["online"].get(address) or self.ask("view")["offline"][address]
        return http_get(f"http://{at}{page}?path={quote(path, safe='/:%')}")


def http_get(url):
    try:
        with urllib.request.urlopen(url, timeout=15) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()
