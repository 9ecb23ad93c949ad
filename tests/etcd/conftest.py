import os
import signal
import subprocess

import pytest

from tests.conftest import ETCD_OPTIONS, etcd_binary, eventually, free_port


class Members:
    """Three members of one etcd on loopback."""

    def __init__(self, folder):
        clients = {f"etcd-{number}": f"http://127.0.0.1:{free_port()}" for number in (1, 2, 3)}
        peers = {name: f"http://127.0.0.1:{free_port()}" for name in clients}
        self.endpoints = clients
        self._processes = {}
        for name, client in clients.items():
            command = [etcd_binary(), "--name", name, "--data-dir", str(folder / name), *ETCD_OPTIONS]
            command += ["--heartbeat-interval", "50", "--election-timeout", "500"]
            command += ["--listen-client-urls", client, "--advertise-client-urls", client]
            command += ["--listen-peer-urls", peers[name], "--initial-advertise-peer-urls", peers[name]]
            command += ["--initial-cluster", ",".join(f"{one}={url}" for one, url in peers.items())]
            with (folder / f"{name}.log").open("ab") as log:
                self._processes[name] = subprocess.Popen(command, stdout=log, stderr=log)

    def freeze(self, name):
        """Back once the kernel says that all of it is stopped."""
        self._processes[name].send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._processes[name].pid, os.WSTOPPED)

    def end(self):
        for process in self._processes.values():
            process.send_signal(signal.SIGKILL)
            process.wait()


@pytest.fixture
def members(tmp_path):
    from harness.etcd import Etcd

    three = Members(tmp_path)
    for endpoint in three.endpoints.values():
        etcd = Etcd([endpoint], timeout_s=1)
        eventually(etcd.linearizable_revision, "each member to answer")
        etcd.close()
    yield three
    three.end()


@pytest.fixture
def client(etcd):
    with etcd.client() as client:
        yield client


@pytest.fixture
def root(etcd):
    return f"/{etcd.name}/"
