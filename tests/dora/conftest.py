import random
from uuid import UUID

import pytest

from harness.dora.actions import Granted, Registered
from tests.dora.model import TTL_S, Pair
from tests.dora.nodes import Node
from tests.dora.stub import PAGE


@pytest.fixture
def ufs(tmp_path):
    folder = tmp_path / "ufs"
    folder.mkdir()
    for number in range(20):
        (folder / f"key-{number}").write_bytes(b"contents %d" % number)
    return folder


@pytest.fixture
def joining():
    """A session that begins, in memory."""
    return Pair()


@pytest.fixture
def online():
    """A session that has registered."""
    pair = Pair()
    pair.tell(Granted(7, TTL_S))
    pair.tell(Registered(10))
    return pair


@pytest.fixture
def new_node(tmp_path, ufs, etcd):
    """Start nodes of the test's cluster (or of another); all are ended with it."""
    nodes = []

    def start(role, name, part=None, cluster=etcd, **conf):
        nodes.append(Node(tmp_path, cluster, role, name, part, **conf))
        return nodes[-1]

    yield start
    for node in nodes:
        node.end()


@pytest.fixture
def new_worker(new_node):
    """A worker `worker-N` with an identity that its number gives."""

    def start(number=1, part=None, **conf):
        identity = {"alluxio.worker.identity.uuid": str(UUID(int=number))}
        return new_node("worker", f"worker-{number}", part, **{**identity, **conf})

    return start


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "ufs"
    (root / "folder").mkdir(parents=True)
    (root / "key-1").write_bytes(b"\0one")
    (root / "a b%2fc").write_bytes(b"odd")
    (tmp_path / "secret").write_text("secret")
    return root


@pytest.fixture
def long(root):
    """A file of two and a half pages."""
    contents = random.Random(1).randbytes(2 * PAGE + PAGE // 2)
    (root / "folder" / "long").write_bytes(contents)
    return contents


@pytest.fixture
def url(root, long):
    return f"file://{root}/folder/long"
