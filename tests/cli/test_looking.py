import json
import os
import subprocess
import threading
from contextlib import contextmanager

import pytest

from harness.cli import looking, main
from harness.daemon.place import Place
from tests.cli.answering import Answering, killed

pytestmark = pytest.mark.usefixtures("clusters")


def row(node, door=None):
    about = {"node": node, "state": "online", "process": "running", "since_s": 1.0, "pid": 7, "owns": None}
    return {**about, "view": None, "door": door}


STATUS = {
    "name": "dev",
    "up_s": 3.0,
    "revision": 9,
    "run_dir": "/runs/dev-1",
    "nodes": [
        row("etcd-1", "127.0.0.1:4000"),
        row("etcd-2", "127.0.0.1:4001"),
        row("worker-1", "127.0.0.1:4100"),
        row("client-1"),
    ],
    "faults": [],
    "notes": [],
}


def test_the_status_is_a_screen_for_people_and_one_line_for_programs(capsys):
    with Answering(status=STATUS):
        assert main(["status"]) == 0
        assert capsys.readouterr().out.startswith("dev   up 3 s   revision 9   open faults: 0\n")
        assert main(["status", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == STATUS


def test_who_watches_sees_it_again_and_again_until_it_is_gone(capsys, monkeypatch):
    monkeypatch.setattr(looking, "_EVERY_S", 0.0)
    with Answering(status=STATUS) as daemon:
        is_seen = threading.Event()

        def count(do, word=daemon._word):
            if len(daemon.asked) == 3:
                is_seen.set()
                raise ValueError("no more")
            return word(do)

        daemon._server._word = count
        assert main(["status", "--watch"]) == 255
    assert is_seen.is_set()
    assert capsys.readouterr().out.count("revision 9") == 3


def test_ctrl_c_ends_watching_and_is_no_failure(capsys, monkeypatch):
    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(looking.time, "sleep", interrupt)
    with Answering(status=STATUS):
        assert main(["status", "--watch"]) == 0
    assert capsys.readouterr().out.count("revision 9") == 1


def test_ring_and_key_are_asked_for_and_told(capsys):
    ring = {"revision": 9, "workers": [{"worker": "worker-1", "id": "worker-01", "owns": 1.0, "vnodes": 20}]}
    where = {"key": "a b", "revision": 9, "candidates": ["worker-1"], "clients": {}, "doors": {}}
    with Answering(ring=ring, where=where) as daemon:
        assert main(["ring"]) == main(["where", "a b"]) == 0
        out = capsys.readouterr().out
        assert main(["ring", "--json"]) == main(["where", "a b", "--json"]) == 0
        assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [ring, where]
    assert "100.00 %" in out
    assert "a b: worker-1" in out
    assert daemon.asked[1] == {"do": "where", "key": "a b"}


def test_the_environment_is_lines_that_a_shell_evaluates(capsys):
    doors = {"etcd-1": "127.0.0.1:4000", "etcd-2": "127.0.0.1:4001", "worker-1": "127.0.0.1:4100"}
    with Answering("my.cluster", doors=doors) as daemon:
        assert main(["env", "--name", "my.cluster"]) == 0
    lines = capsys.readouterr().out
    program = f'{lines}\nprintf \'%s\\n\' "$HARNESS_NAME" "$ETCDCTL_ENDPOINTS" "$HARNESS_WORKER_1" "$HARNESS_ETCD_2"'
    said = subprocess.run(["sh", "-euc", program], capture_output=True, text=True, check=True).stdout.splitlines()
    both = "http://127.0.0.1:4000,http://127.0.0.1:4001"
    assert said == ["my.cluster", both, "http://127.0.0.1:4100", "http://127.0.0.1:4001"]
    assert "CLIENT" not in lines
    assert daemon.asked == [{"do": "doors"}]


@pytest.mark.parametrize("there", [None, "dead"])
def test_of_what_does_not_run_there_is_no_environment(there, capsys):
    told = {None: "no cluster is called dev", "dead": "dev is dead"}
    if there == "dead":
        killed("dev")
    assert main(["env"]) == (255 if there else 254)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(told[there])


# logs


@pytest.fixture
def run_dir(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "worker-1.log").write_text("one\ntwo\nthree\n")
    (tmp_path / "logs" / "etcd-1.log").write_bytes(b"no \xff text, and no end")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["worker-1"], "one\ntwo\nthree\n"),
        (["worker-1", "-n", "2"], "two\nthree\n"),
        (["worker-1", "-n", "0"], ""),
        (["worker-1", "-n", "9"], "one\ntwo\nthree\n"),
        (["etcd-1"], "no \\xff text, and no end"),
        (["../logs/worker-1"], "one\ntwo\nthree\n"),
    ],
)
def test_a_log_is_told_or_its_last_lines_also_of_a_cluster_whose_daemon_was_killed(run_dir, words, told, capsys):
    killed("dev", run_dir)
    assert main(["logs", *words]) == 0
    assert capsys.readouterr() == (told, "")


@pytest.mark.parametrize("node", ["worker-9", "", ".", "../run"])
def test_what_has_no_log_is_told_with_what_has(run_dir, node, capsys):
    killed("dev", run_dir)
    assert main(["logs", node]) == 254
    assert capsys.readouterr() == ("", f"{node!r} has no log; there are etcd-1, worker-1\n")


def test_of_no_cluster_there_are_no_logs(capsys):
    assert main(["logs", "worker-1"]) == 254
    assert capsys.readouterr().err == "no cluster is called dev; none is up\n"


@contextmanager
def held(run_dir):
    """A cluster that is up, as far as its lock and its facts go."""
    place = killed("dev", run_dir)
    lock = place.claim()
    try:
        yield lambda: os.close(lock)
    finally:
        place.remove()


def test_who_follows_sees_what_is_written_and_the_last_words_of_a_cluster_that_ends(run_dir, capsys, monkeypatch):
    """What a node says while it is stopped is written after the last look, and before it is seen to be over."""
    log = run_dir / "logs" / "worker-1.log"
    said, is_held = iter(["four\n", "", "last words\n"]), Place.is_held

    with held(run_dir) as end:

        def looked(place):
            text = next(said)
            with log.open("a") as file:
                file.write(text)
            if text == "last words\n":
                end()
            return is_held(place)

        monkeypatch.setattr(Place, "is_held", looked)
        assert main(["logs", "worker-1", "-f", "-n", "1"]) == 0
    assert capsys.readouterr().out == "three\nfour\nlast words\n"


def test_who_follows_what_is_over_is_told_what_there_is(run_dir, capsys):
    killed("dev", run_dir)
    assert main(["logs", "worker-1", "-f"]) == 0
    assert capsys.readouterr().out == "one\ntwo\nthree\n"
