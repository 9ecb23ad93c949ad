"""The time that a cluster stays: its daemon is this process or one of its own, its cluster is in memory."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import nullcontext

import pytest

from harness.cluster.linux import identity_of
from harness.daemon import staying
from harness.daemon.line import ask
from harness.daemon.place import Facts, Place
from harness.daemon.staying import Stay, bury, clean_up, kill, wait_gone
from harness.errors import ClusterError, InputError
from tests.daemon.rig import Rig
from tests.daemon.test_place import holder

FACTS = Facts("4711 99", "runs/dev-1")


class Starter:
    """Hears what the command would."""

    def __init__(self):
        self.told, self.log, self.is_let_go = [], None, threading.Event()

    def let_go(self, told, log):
        self.told.append(told)
        self.log = log
        self.is_let_go.set()


class Staying:
    """A rig whose desk is asked over its socket, as long as `hold` lasts; `ends` is told when it is over."""

    def __init__(self, folder):
        self.rig, self.starter, self.ends = Rig(folder), Starter(), []
        self.place = self.rig.place
        self._thread = threading.Thread(target=self._stay)
        self._thread.start()
        assert self.starter.is_let_go.wait(30)

    def _stay(self):
        with Stay(self.place, self.rig.lock, self.rig.watched) as stay:
            stay.hold(self.rig.hands, "", self.starter)
            self.ends.append(stay.is_judged)
            self.rig.watched.left = []

    def join(self):
        self._thread.join()


@pytest.fixture
def stays(clusters, tmp_path):
    stays = Staying(tmp_path)
    yield stays
    stays.rig.place.remove()
    stays.join()
    os.close(stays.rig.lock)


@pytest.fixture(autouse=True)
def looks_often(monkeypatch):
    monkeypatch.setattr(staying, "_LOOK_EVERY_S", 0.01)


def test_who_has_started_it_is_told_its_status_once_it_can_be_asked(stays):
    (told,) = stays.starter.told
    asked = ask(stays.place, "status")
    assert {row["node"]: row["door"] for row in told["nodes"]} == {row["node"]: row["door"] for row in asked["nodes"]}
    assert stays.place.facts().pid == os.getpid()
    assert stays.starter.log == stays.rig.hands.run_dir.logs / "daemon.log"


def test_it_ends_when_it_is_asked_to_and_who_asked_is_answered_when_nothing_is_left_of_it(stays):
    with pytest.raises(InputError, match="there is no fault #1"):
        ask(stays.place, "heal", numbers=[1])
    ended = ask(stays.place, "down", judged=True)
    assert stays.ends == [True]
    stays.join()
    assert ended["left"] == []
    assert not stays.place.folder.exists()


def test_it_ends_when_its_folder_is_gone_for_nobody_could_ask_it_any_more(stays):
    stays.place.remove()
    stays.join()
    assert stays.ends == [False]


def test_it_leaves_alone_the_folder_of_whoever_came_after_it(stays):
    stays.place.folder.rename(stays.place.folder.with_name("moved"))
    lock = stays.place.claim()
    stays.join()
    assert stays.place.is_kept(lock)
    os.close(lock)


def test_what_cannot_be_said_to_the_starter_leaves_no_place_behind(clusters, tmp_path):
    rig = Rig(tmp_path)

    class Gone:
        def let_go(self, told, log):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError), Stay(rig.place, rig.lock, rig.watched) as stay:
        stay.hold(rig.hands, "", Gone())
    assert not rig.place.folder.exists()
    os.close(rig.lock)


@pytest.mark.usefixtures("clusters")
def test_of_a_dead_one_nothing_stays_but_its_record():
    place = Place.of("dev")
    os.close(place.claim())
    place.write(FACTS)
    (place.folder / "socket").touch()
    assert clean_up(place) == "runs/dev-1"
    assert [path.name for path in place.folder.iterdir()] == ["lock"]
    assert clean_up(place) == ""


DAEMON = """
import os, sys, signal
from harness.cluster.linux import identity_of
from harness.daemon.place import Facts, Place
place = Place.of("dev")
place.claim()
place.write(Facts(identity_of(os.getpid()), "runs/dev-1"))
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.usefixtures("clusters")
def test_one_that_hears_nothing_is_killed():
    with subprocess.Popen([sys.executable, "-c", DAEMON], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout.readline() == "held\n"
        kill(Place.of("dev"))
        assert process.wait() == -signal.SIGKILL
    assert not Place.of("dev").is_held()


@pytest.mark.usefixtures("clusters")
@pytest.mark.parametrize("is_held", [True, False])
def test_a_pid_that_is_somebody_elses_by_now_is_left_alone(monkeypatch, is_held):
    """Where another daemon is about to come up there, or nobody."""
    monkeypatch.setattr(staying, "_KILLED_S", 0.05)
    place = Place.of("dev")
    lock = place.claim()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1, text=True) as stranger:
        mine = identity_of(stranger.pid)
        place.write(Facts(f"{stranger.pid} 1" if is_held else mine, "runs/dev-1"))
        if not is_held:
            os.close(lock)
        with pytest.raises(ClusterError, match="end of dev") if is_held else nullcontext():
            kill(place)
        stranger.communicate("\n")
    assert stranger.returncode == 0
    if is_held:
        os.close(lock)


@pytest.mark.usefixtures("clusters")
def test_a_dead_one_is_buried_with_its_place():
    place = Place.of("dev")
    os.close(place.claim())
    place.write(FACTS)
    assert bury(place) == "runs/dev-1"
    assert not place.folder.exists()


@pytest.mark.usefixtures("clusters")
def test_nobody_is_buried_whose_place_another_has_taken():
    with holder("dev") as process:
        Place.of("dev").write(FACTS)
        with pytest.raises(InputError, match="dev is up already"):
            bury(Place.of("dev"))
        assert Place.of("dev").facts() == FACTS
        process.stdin.close()


def test_of_a_dead_one_nothing_is_left_when_another_takes_its_name(clusters, tmp_path):
    rig = Rig(tmp_path)
    rig.place.write(FACTS)
    (rig.place.folder / "socket").touch()
    with Stay(rig.place, rig.lock, rig.watched):
        assert [path.name for path in rig.place.folder.iterdir()] == ["lock"]
    assert not rig.place.folder.exists()
    os.close(rig.lock)


@pytest.mark.usefixtures("clusters")
def test_one_that_does_not_end_is_told_with_what_kills_it(monkeypatch):
    monkeypatch.setattr(staying, "_KILLED_S", 0.05)
    with holder("dev"), pytest.raises(ClusterError, match=r"end of dev: not within .*harness down --name dev --force"):
        wait_gone(Place.of("dev"))


@pytest.mark.usefixtures("clusters")
def test_whoever_waits_for_its_end_waits_until_its_lock_is_free():
    with holder("dev") as process:
        waits = threading.Thread(target=wait_gone, args=(Place.of("dev"),))
        waits.start()
        assert waits.is_alive()
        process.stdin.close()
        waits.join()
    assert not Place.of("dev").is_held()
