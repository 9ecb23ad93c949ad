import asyncio

import pytest
from aiohttp import web

from tests.dora.stub import Stub, ask, client_of


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "ufs"
    (root / "folder").mkdir(parents=True)
    (root / "key-1").write_bytes(b"\0one")
    (root / "a b%2fc").write_bytes(b"odd")
    (tmp_path / "secret").write_text("secret")
    return root


def get(worker, page, **query):
    """(status, body, who, under which lease)."""
    status, body, headers = ask(worker, page, **query)
    return status, body, headers.get("X-Dora-Worker"), headers.get("X-Dora-Lease")


@pytest.mark.parametrize("prefix", ["file://{}", "{}"])
def test_a_file_comes_with_who_served_it(root, prefix):
    assert get(Stub(root), "/v1/file", path=prefix.format(root) + "/key-1") == (200, b"\0one", "worker-7", "7")


def test_names_are_taken_as_they_are(root):
    assert get(Stub(root), "/v1/file", path=f"file://{root}/a b%2fc")[:2] == (200, b"odd")


@pytest.mark.parametrize("name", ["nothing", "folder", "key-1/below", "x" * 250, "x" * 300])
def test_what_is_no_file_is_404(root, name):
    assert get(Stub(root), "/v1/file", path=f"file://{root}/{name}")[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "",
        "key-1",
        "file:///",
        "file:///etc/passwd",
        "file://{}/",
        "file://{}/../secret",
        "file://{}/folder/../key-1",
        "file://{}/./key-1",
        "file://{}//key-1",
        "file://{}/%2e%2e/secret",
        "file://{}/%2E./secret",
        "file://{}/..%2fsecret",
        "file://{}/key-1\0",
        "s3://{}/key-1",
        "file://{}x/key-1",
    ],
)
def test_a_path_outside_the_ufs_is_400(root, path):
    assert get(Stub(root), "/v1/file", path=path.format(root))[0] == 400


def test_a_path_encoded_in_the_address_is_no_way_out(root):
    async def asking():
        page = f"/v1/file?path=file://{root}/%2e%2e/secret"
        async with client_of(Stub(root)) as client, client.get(page) as answer:
            return answer.status

    assert asyncio.run(asking()) == 400


def test_the_root_is_no_file(root):
    assert get(Stub(root), "/v1/file", path=f"file://{root}")[0] == 404


def test_no_path_is_400(root):
    assert get(Stub(root), "/v1/file")[0] == 400


def test_who_does_not_serve_says_503(root):
    assert get(Stub(root, is_fenced=True), "/v1/file", path=f"file://{root}/key-1")[0] == 503
    assert get(Stub(root, is_fenced=True), "/v1/health")[0] == 503


def test_a_lease_lost_while_reading_is_503_too(root):
    assert get(Stub(root, fenced_after=0), "/v1/file", path=f"file://{root}/key-1")[0] == 503


def test_health_says_who(root):
    assert get(Stub(root), "/v1/health")[:2] == (200, b'{"id": "worker-7"}')


def test_there_is_nothing_else(root):
    assert get(Stub(root), "/v1/other")[0] == web.HTTPNotFound.status_code
