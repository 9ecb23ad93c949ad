"""`up` and `down` as far as they go without a cluster: what is refused, and what is cleaned up."""

import json
import os

import pytest

from harness.cli import main
from harness.daemon.place import Place
from harness.errors import ClusterError
from tests.cli.answering import Answering, killed

pytestmark = pytest.mark.usefixtures("clusters")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nosuch"], "nosuch: no such file"),
        (["--name", "a/b"], "'a/b' can't be a cluster's name"),
        (["--workers", "0"], "0 is too small; it is at least 1."),
        (["--workers", "10000000"], "10000000"),
        (["--clients", "-1"], "-1 is too small; it is at least 0."),
        (["--etcd-members", "2"], "it is 1, 3, 5."),
        (["--etcd", "podman"], "it is auto, docker, process."),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_started_and_leaves_nothing(words, told, capsys, clusters, tmp_path):
    assert main(["up", *words, "--runs", str(tmp_path / "runs")]) == 254
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert not clusters.exists() or list(clusters.iterdir()) == []
    assert not (tmp_path / "runs").exists()


def test_two_of_one_name_are_refused_and_the_first_goes_on(capsys):
    with Answering(status={}) as daemon:
        daemon.writes("runs/dev-1")
        assert main(["up"]) == 254
        assert daemon.place.is_held()
        assert daemon.place.facts().run_dir == "runs/dev-1"
    assert capsys.readouterr().err == "dev is up already: harness status --name dev tells of it\n"


def test_a_dead_one_is_still_told_of_where_another_of_its_name_was_not_even_started():
    place = killed("dev")
    assert main(["up", "nosuch"]) == 254
    assert place.facts().run_dir == "runs/dev-1"
    assert not place.is_held()


ENDED = {"left": [], "run_dir": "/runs/dev-1"}


class Ending(Answering):
    """Lets go of its lock once it is asked to end, as a daemon does that ends."""

    def _word(self, do):
        answer = super()._word(do)

        def and_end(**fields):
            found = answer(**fields)
            os.close(self._lock)
            return found

        return and_end

    def __exit__(self, *_):
        self._server.__exit__()
        self.place.remove()


def test_the_end_tells_where_the_record_is(capsys):
    with Ending(down=ENDED) as daemon:
        assert main(["down"]) == 0
    assert daemon.asked == [{"do": "down", "judged": False}]
    assert capsys.readouterr() == ("dev is down: nothing left behind   record: /runs/dev-1\n", "")


def test_what_is_left_behind_is_a_failure(capsys):
    left = {**ENDED, "left": ["worker-1 (4711)", "a mount"]}
    with Ending(down=left):
        assert main(["down"]) == 255
    assert capsys.readouterr().out == "dev is down: worker-1 (4711); a mount   record: /runs/dev-1\n"
    with Ending(down=left):
        assert main(["down", "--json"]) == 255
    assert json.loads(capsys.readouterr().out) == left


def test_one_that_cannot_end_is_told(capsys):
    with Answering(down=ClusterError("not now")):
        assert main(["down"]) == 255
    assert capsys.readouterr() == ("", "not now\n")


def test_of_one_that_was_killed_what_it_left_is_removed(capsys):
    place = killed("dev", "runs/dev-1")
    assert main(["down"]) == 0
    assert not place.folder.exists()
    assert capsys.readouterr() == ("dev is down: nothing left behind   record: runs/dev-1\n", "")
    assert main(["down"]) == 254


def test_programs_are_told_of_one_that_was_killed_as_of_any_other(capsys):
    killed("dev", "runs/dev-1")
    assert main(["down", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"left": [], "run_dir": "runs/dev-1"}


@pytest.mark.parametrize("words", [[], ["--force"], ["--judge"], ["--json"]])
def test_what_was_never_up_is_not_ended(words, capsys):
    assert main(["down", "--name", "nobody", *words]) == 254
    assert capsys.readouterr() == ("", "no cluster is called nobody; none is up\n")
    assert not Place.of("nobody").folder.exists()


def test_a_dead_one_is_ended_by_force_too():
    place = killed("dev")
    assert main(["down", "--force"]) == 0
    assert not place.folder.exists()
