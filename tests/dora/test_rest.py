import asyncio
import json
import os
import socket

import pytest
from aiohttp import ClientPayloadError, web
from fsspec.implementations.local import LocalFileSystem

from tests.dora.stub import PAGE, Stub, ask, client_of, id_of, loaded, page_of


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


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("page", ["/v1/file", "/v1/file/{id}/page/0", "/v1/info", "/v1/files", "/v1/load"])
def test_nothing_can_be_written(root, url, method, page):
    assert ask(Stub(root), page.format(id=id_of(url)), method, path=url)[0] == 405


@pytest.mark.parametrize("page", ["/v1/file", "/v1/file/{id}/page/0", "/v1/info", "/v1/files", "/v1/load"])
def test_no_route_answers_while_the_worker_does_not_serve(root, url, page):
    assert ask(Stub(root, is_fenced=True), page.format(id=id_of(url)), path=url, opType="submit")[0] == 503


def test_a_lease_lost_in_the_middle_of_a_long_answer_breaks_it_off(root):
    (root / "big").write_bytes(bytes(5_000_000))

    async def asking():
        worker = Stub(root, fenced_after=2)
        async with client_of(worker) as client, client.get("/v1/file", params={"path": f"file://{root}/big"}) as answer:
            assert answer.status == 200
            with pytest.raises(ClientPayloadError):
                await answer.read()

    asyncio.run(asking())


def test_a_ufs_that_fails_is_502_and_in_the_middle_breaks_the_answer_off(root, url):
    class Failing(Stub):
        async def page(self, file, index):
            raise PermissionError(13, "Permission denied")

    assert ask(Failing(root), "/v1/file", path=url)[0] == 502
    assert ask(Failing(root), page_of(url, 0))[0] == 502


def test_a_file_system_that_fails_in_its_own_way_is_502_without_a_word_in_the_log(root, url, caplog):
    class OwnError(Exception):
        pass

    class Cloud(LocalFileSystem):
        def info(self, path, **how):
            raise OwnError("no credentials")

    worker = Stub(root)
    worker.pages.ufs._fs = Cloud()
    for page in ("/v1/file", "/v1/info", "/v1/files", "/v1/load"):
        status, body, _ = ask(worker, page, path=url, opType="submit")
        assert (status, body.decode()) == (502, f"the UFS can't be read: {url}: OwnError: no credentials\n")
    assert not caplog.text


@pytest.mark.parametrize("is_folder", [False, True])
def test_a_link_that_leads_out_of_the_ufs_is_not_followed(root, is_folder):
    (root / "way").symlink_to(root.parent if is_folder else root.parent / "secret")
    path = f"file://{root}/way" + ("/secret" if is_folder else "")
    for page in ("/v1/file", "/v1/info", "/v1/files", page_of(path, 0)):
        assert ask(Stub(root), page, path=path)[0] == 400
    assert ask(Stub(root), page_of(path, 0))[0] in (400, 404)
    assert b"way" not in ask(Stub(root), "/v1/files", path=f"file://{root}")[1]


def test_a_link_within_the_ufs_is_followed(root):
    (root / "link").symlink_to(root / "key-1")
    assert ask(Stub(root), "/v1/file", path=f"file://{root}/link")[:2] == (200, b"\0one")


def test_a_pipe_in_the_ufs_is_no_file(root):
    os.mkfifo(root / "pipe")
    assert ask(Stub(root), "/v1/file", path=f"file://{root}/pipe")[0] == 404


def test_a_path_of_a_megabyte_is_refused_without_a_word_in_the_log(root, capfd):
    status = ask(Stub(root), "/v1/file", path=f"file://{root}/" + "x" * 1_000_000)[0]
    assert status in (400, 414)
    assert "Traceback" not in capfd.readouterr().err


def test_who_reads_nothing_holds_up_neither_others_nor_the_end(root):
    (root / "big").write_bytes(bytes(30_000_000))

    async def asking():
        async with client_of(Stub(root)) as client:
            line = socket.create_connection((client.server.host, client.server.port))
            with line:
                line.sendall(f"GET /v1/file?path=file://{root}/big HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                for _ in range(20):
                    async with client.get("/v1/file", params={"path": f"file://{root}/key-1"}) as answer:
                        assert await answer.read() == b"\0one"

    asyncio.run(asyncio.wait_for(asking(), 60))


# what else the package asks for


def test_info_is_a_list_of_one_as_alluxio_tells_it(root, url):
    os.utime(root / "folder" / "long", (1700000000, 1700000000))
    status, body, _ = ask(Stub(root), "/v1/info", path=url)
    assert status == 200
    assert json.loads(body) == [
        {
            "mType": "file",
            "mName": "long",
            "mPath": "/folder/long",
            "mUfsPath": url,
            "mLastModificationTimeMs": 1700000000000,
            "mHumanReadableFileSize": "2.44KB",
            "mLength": 2500,
        }
    ]


def test_files_are_those_of_a_folder_the_root_included_or_the_file_itself(root, url):
    def names(path):
        return [(row["mType"], row["mName"]) for row in json.loads(ask(Stub(root), "/v1/files", path=path)[1])]

    assert names(f"file://{root}") == [("file", "a b%2fc"), ("directory", "folder"), ("file", "key-1")]
    assert names(f"file://{root}/folder") == [("file", "long")]
    assert names(url) == [("file", "long")]


@pytest.mark.parametrize("page", ["/v1/info", "/v1/files"])
def test_of_what_is_not_there_nothing_is_told(root, page):
    assert ask(Stub(root), page, path=f"file://{root}/nothing")[0] == 404
    assert ask(Stub(root), page, path="file:///etc")[0] == 400
    assert ask(Stub(root), page)[0] == 400


def test_a_folder_is_loaded_and_its_pages_are_cached_then(root, url, long):
    async def asking():
        async with client_of(Stub(root, page_bytes=PAGE)) as client:

            async def load(do):
                async with client.get("/v1/load", params={"path": f"file://{root}", "opType": do}) as answer:
                    return await answer.json()

            assert (await load("submit"))["success"] is True
            await loaded()
            told = await load("progress")
            assert (told["jobState"], told["message"]) == ("SUCCEEDED", "3 files, 5 pages")
            assert (await load("stop"))["success"] is False
            async with client.get("/v1/file", params={"path": url}) as answer:
                return answer.headers["X-Dora-Cached"], await answer.read()

    assert asyncio.run(asking()) == ("3/3", long)


def test_a_load_that_nobody_submitted_has_failed(root, url):
    told = json.loads(ask(Stub(root), "/v1/load", path=url, opType="progress")[1])
    assert (told["jobState"], told["message"]) == ("FAILED", "0 files, 0 pages: no load of it was submitted")


def test_a_bad_load_is_said_at_once(root, url):
    assert ask(Stub(root), "/v1/load", path=url)[0] == 400
    assert ask(Stub(root), "/v1/load", path=url, opType="x")[0] == 400
    assert ask(Stub(root), "/v1/load", path="file:///etc/passwd", opType="submit")[0] == 400
    assert ask(Stub(root), "/v1/load", path=f"file://{root}/nothing", opType="submit")[0] == 404
