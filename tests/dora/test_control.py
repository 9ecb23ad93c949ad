import asyncio
import json

import pytest

from harness.core.membership import View
from harness.dora import control
from harness.errors import ClusterError, NotReadyError


async def echo(request):
    return {"said": request["word"]}


async def refuse(request):
    raise ClusterError("not today")


ANSWERERS = {"echo": echo, "refuse": refuse}


def ask(line):
    return asyncio.run(control.answer(line, ANSWERERS))


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b'{"do":"refuse"}', "not today"),
        (b'{"do":"echo"}', "the request lacks 'word'"),
        (b'{"do":"sing"}', "can't do 'sing'; there are echo, refuse"),
        (b'{"do":["echo"]}', "can't do \"['echo']\"; there are echo, refuse"),
        (b"{}", "the request lacks 'do'"),
        (b"[]", "can't do '[]'; there are echo, refuse"),
        (b"nonsense", "Expecting value: line 1 column 1 (char 0)"),
        (b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_no_mistake_is_an_exception(line, error):
    assert ask(line) == {"ok": False, "error": error}


def test_a_connection_asks_again_and_again(tmp_path):
    async def talk():
        path = str(tmp_path / "control.sock")
        for _ in range(2):  # the second finds the socket that the first left behind
            server = await control.listen(path, ANSWERERS)
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b'{"do":"echo","word":1}\nnonsense\n{"do":"echo","word":2}\n')
            answers = [json.loads(await reader.readline()) for _ in range(3)]
            writer.close()
            server.close()
        return [answer.get("said") for answer in answers]

    assert asyncio.run(talk()) == [1, None, 2]


def test_a_sample_carries_its_revision_always_and_its_view_when_that_is_news():
    view = View(7)
    first = control.sample({"pid": 1}, view, None)
    assert first == {"pid": 1, "revision": 7, "digest": view.digest, "view": view.to_json()}
    assert control.sample({"pid": 1}, View(8), first["digest"]) == {**first, "revision": 8, "view": None}
    assert control.sample({"pid": 1}, None, "") == {"pid": 1, "revision": 0, "digest": "", "view": None}


def test_a_view_that_is_not_there_is_an_error():
    with pytest.raises(NotReadyError):
        control.whole(None)
