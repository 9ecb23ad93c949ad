"""Folders and locks of real processes: a daemon is a process that holds a lock."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager

import pytest

from harness.daemon.place import Facts, Place, places
from harness.errors import ClusterError, InputError
from tests.meta.source import ROOT

pytestmark = pytest.mark.usefixtures("clusters")

FACTS = Facts("4711 99", "runs/dev-1", "", ["etcd-1", "worker-1"], {"etcd-1": "127.0.0.1:41379"})
HOLDER = """
import sys
from harness.daemon.place import Place
Place.of(sys.argv[1]).claim()
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(name):
    """A process that has claimed the place of this name."""
    command = [sys.executable, "-c", HOLDER, name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout.readline() == "held\n"
        yield process


@pytest.mark.parametrize("name", ["dev", "a", "7", "My.Cluster_2-b", "x" * 40])
def test_a_cluster_may_be_called_so(name):
    assert Place.of(name).folder.name == name


@pytest.mark.parametrize("name", ["", ".", "..", "../dev", "a/b", ".hidden", "-n", "x" * 41, "a b", "a\n", "ü", "a\0"])
def test_a_name_that_is_no_plain_folder_is_refused(name):
    with pytest.raises(InputError, match="can't be a cluster's name"):
        Place.of(name)


@pytest.mark.parametrize(
    ("scenario", "name"),
    [
        ("partition", "partition-7"),
        ("my scenario (old)", "my-scenario--old--7"),
        ("_draft", "draft-7"),
        (".", "7"),
        ("übung", "bung-7"),
        ("a/../b", "a-..-b-7"),
        ("x" * 60, "x" * 38 + "-7"),
        ("x" * 20 + "-" + "y" * 37, "y" * 37 + "-7"),
    ],
)
def test_a_run_that_is_kept_is_called_after_its_scenario_and_seed_however_odd_that_is(scenario, name):
    assert Place.called_after(scenario, 7).name == name


def test_whoever_comes_second_is_told_so_and_changes_nothing():
    with holder("dev"):
        place = Place.of("dev")
        place.write(FACTS)
        with pytest.raises(InputError, match="dev is up already: harness status --name dev"):
            place.claim()
        with pytest.raises(InputError, match="dev is up already"):
            place.must_be_free()
        assert place.is_held()
        assert place.facts() == FACTS


def test_however_a_daemon_ends_its_place_is_free():
    with holder("dev") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        place = Place.of("dev")
        assert not place.is_held()
        place.must_be_free()
        os.close(place.claim())


def test_a_lock_is_held_until_the_last_process_that_has_it_ends():
    place = Place.of("dev")
    lock = place.claim()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    os.close(lock)
    assert place.is_held()
    os.close(writer)
    os.waitpid(pid, 0)
    os.close(reader)
    assert not place.is_held()


def test_to_look_whether_it_is_held_keeps_nobody_from_claiming_it():
    """Each look takes the lock for a moment, as a claim does for good."""
    place = Place.of("dev")
    place.folder.mkdir()
    (place.folder / "lock").touch()
    is_over = threading.Event()

    def look():
        while not is_over.is_set():
            place.is_held()

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(200):
            os.close(place.claim())
    finally:
        is_over.set()
        for looker in lookers:
            looker.join()


CLAIMER = """
import os, sys
from harness.daemon.place import Place
place = Place.of(sys.argv[1])
sys.stdin.readline()
for _ in range(300):
    lock = place.claim()
    assert place.is_kept(lock)
    os.close(lock)
"""


def test_some_who_claim_at_once_do_not_take_each_other_for_a_daemon():
    """Each sweeps away what the others have left, and what they are about to claim."""
    commands = [[sys.executable, "-c", CLAIMER, name] for name in "abc"]
    with ExitStack() as ended:
        claimers = [
            ended.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd=ROOT))
            for command in commands
        ]
        for claimer in claimers:
            claimer.stdin.write("now\n")
            claimer.stdin.flush()
    assert [claimer.returncode for claimer in claimers] == [0, 0, 0]


def test_a_claim_sweeps_away_what_never_came_up_and_nothing_else():
    killed, failed = Place.of("killed"), Place.of("failed")
    os.close(killed.claim())
    killed.write(FACTS)
    os.close(failed.claim())
    with holder("starting"):
        os.close(Place.of("dev").claim())
        assert not failed.folder.exists()
        assert killed.facts() == FACTS
        assert Place.of("starting").is_held()


def test_a_place_that_was_removed_is_kept_no_more_even_where_there_is_another():
    place = Place.of("dev")
    lock = place.claim()
    assert place.is_kept(lock)
    place.remove()
    assert not place.is_kept(lock)
    other = place.claim()
    assert (place.is_kept(lock), place.is_kept(other)) == (False, True)
    os.close(lock)
    os.close(other)


def test_a_place_that_is_kept_stays_young():
    place = Place.of("dev")
    lock = place.claim()
    os.utime(place.folder / "lock", (0, 0))
    assert place.is_kept(lock)
    assert (place.folder / "lock").stat().st_mtime > 0
    os.close(lock)


def test_a_daemon_that_was_killed_has_left_a_cluster_and_one_that_never_came_up_has_not():
    place = Place.of("dev")
    os.close(place.claim())
    assert not place.exists()
    place.write(FACTS)
    assert place.exists()
    place.clear()
    assert not place.exists()


def test_all_of_a_user_are_found_by_name_with_those_that_start_or_are_dead():
    dead = Place.of("dead")
    os.close(dead.claim())
    dead.write(FACTS)
    os.close(Place.of("nothing").claim())
    (dead.folder.parent / "a-file").touch()
    with holder("starting"):
        assert [place.name for place in places()] == ["dead", "starting"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"identity": "1 9"}', '{"pid": 1, "run_dir": "x"}'])
def test_facts_that_nobody_can_read_are_none(text):
    place = Place.of("dev")
    place.folder.mkdir()
    (place.folder / "cluster.json").write_text(text)
    assert place.facts() is None


def test_facts_are_written_as_a_whole():
    place = Place.of("dev")
    place.folder.mkdir()
    place.write(FACTS)
    before = (place.folder / "cluster.json").stat().st_ino
    place.write(Facts("1 9", "runs/dev-2"))
    assert place.facts() == Facts("1 9", "runs/dev-2")
    assert (place.folder / "cluster.json").stat().st_ino != before
    assert [path.name for path in place.folder.iterdir()] == ["cluster.json"]


def test_what_cannot_be_written_is_an_error_of_the_places():
    place = Place.of("dev")
    (place.folder / "cluster.part").mkdir(parents=True)
    with pytest.raises(ClusterError, match=r"no place for clusters that stay: .*Is a directory"):
        place.write(FACTS)


def test_what_is_gone_already_is_removed():
    Place.of("dev").remove()


def test_others_can_look_into_nothing_of_it(clusters):
    os.close(Place.of("dev").claim())
    for path in (clusters, clusters / "dev", clusters / "dev" / "lock"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_folder_that_others_may_write_to_is_refused(clusters):
    clusters.mkdir(mode=0o700)
    clusters.chmod(0o770)
    with pytest.raises(ClusterError, match=r"no place for clusters that stay: .* is no folder of yours alone"):
        Place.of("dev")
