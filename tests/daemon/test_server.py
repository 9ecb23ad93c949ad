"""A server and those who ask it, over a real socket."""

import errno
import os
import socket
import threading

import pytest

from harness.daemon import line as line_module
from harness.daemon.line import ask, ask_for_descriptors
from harness.daemon.place import Facts, Place
from harness.daemon.server import Handed, Server
from harness.errors import ClusterError, InputError
from tests.conftest import eventually


class Daemon:
    """`words` are what does a word, by its name."""

    def __init__(self):
        self.place = Place.of("dev")
        self.lock = self.place.claim()
        self.words = {}

    def serving(self):
        with self.place.socket() as path:
            return Server(path, self._word)

    def _word(self, do):
        if do not in self.words:
            raise InputError(f"no word {do!r}")
        return self.words[do]


@pytest.fixture
def daemon(clusters):
    daemon = Daemon()
    yield daemon
    os.close(daemon.lock)


def test_an_answer_is_what_the_word_gives_for_what_goes_with_it(daemon):
    daemon.words["add"] = lambda a, b: {"sum": a + b, "none": None}
    with daemon.serving():
        assert ask(daemon.place, "add", a=2, b=3) == {"sum": 5, "none": None}


def test_a_long_question_and_a_long_answer_arrive_whole(daemon):
    daemon.words["twice"] = lambda text: text + text
    with daemon.serving():
        assert ask(daemon.place, "twice", text="ü" * 100_000) == "ü" * 200_000


@pytest.mark.parametrize("kind", [InputError, ClusterError])
def test_an_error_of_the_daemon_is_that_of_whoever_asked(daemon, kind):
    def refuse():
        raise kind("not today")

    daemon.words["refuse"] = refuse
    with daemon.serving(), pytest.raises(kind, match=r"^not today$"):
        ask(daemon.place, "refuse")


@pytest.mark.parametrize(
    ("fields", "told"), [({}, "KeyError: 'gone'"), ({"more": 1}, "TypeError: .*unexpected keyword argument 'more'")]
)
def test_a_daemon_that_fails_says_so_and_goes_on(daemon, fields, told):
    daemon.words |= {"fail": lambda: {}["gone"], "hello": lambda: "hello"}
    with daemon.serving():
        with pytest.raises(ClusterError, match=f"the daemon failed: {told}"):
            ask(daemon.place, "fail", **fields)
        with pytest.raises(InputError, match="no word 'wave'"):
            ask(daemon.place, "wave")
        assert ask(daemon.place, "hello") == "hello"


@pytest.mark.parametrize("said", [b"", b"\n", b"hello\n", b"[]\n", b"{}\n", b'{"do": 1}\n', b"\xff\n"])
def test_whoever_talks_nonsense_keeps_nobody_else_from_being_answered(daemon, said):
    daemon.words["hello"] = lambda: "hello"
    with daemon.serving():
        with socket.socket(socket.AF_UNIX) as line, daemon.place.socket() as path:
            line.connect(path)
            line.sendall(said)
            line.shutdown(socket.SHUT_WR)
            assert b'"error"' in line.recv(1 << 16)
        assert ask(daemon.place, "hello") == "hello"


def test_many_are_answered_at_once_and_none_waits_for_another(daemon):
    meet = threading.Barrier(20, timeout=30)
    daemon.words["meet"] = lambda number: (meet.wait(), number)[1]
    found = []
    with daemon.serving():
        askers = [
            threading.Thread(target=lambda n=number: found.append(ask(daemon.place, "meet", number=n)))
            for number in range(20)
        ]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
    assert sorted(found) == list(range(20))


def test_descriptors_come_with_an_answer_and_the_daemon_keeps_none(daemon):
    daemon.words["pipes"] = lambda: Handed({"number": 2}, [*handed])
    (first, end_1), (second, end_2) = os.pipe(), os.pipe()
    handed = [end_1, end_2]
    with daemon.serving():
        answer, (one, other) = ask_for_descriptors(daemon.place, "pipes")
    assert answer == {"number": 2}
    for reader, writer in ((first, one), (second, other)):
        os.write(writer, b"through")
        os.close(writer)
        assert os.read(reader, 100) == b"through"
        assert os.read(reader, 100) == b""  # nobody else could write: the daemon's own is closed
        os.close(reader)


def test_whoever_asks_and_does_not_wait_has_it_done_all_the_same(daemon):
    begun, may_end, done = threading.Event(), threading.Event(), threading.Event()

    def work():
        begun.set()
        may_end.wait(30)
        done.set()

    daemon.words["work"] = work
    with daemon.serving():
        with socket.socket(socket.AF_UNIX) as line, daemon.place.socket() as path:
            line.connect(path)
            line.sendall(b'{"do": "work"}\n')
            assert begun.wait(30)
        may_end.set()
        assert done.wait(30)


def test_a_server_that_has_no_room_for_one_more_goes_on(daemon):
    """As where a process has as many open files as it may have."""
    daemon.words["hello"] = lambda: "hello"
    server, failed = daemon.serving(), threading.Event()

    class Full:
        """A listener whose first accept fails; all else is the real one's."""

        def __init__(self, listener):
            self._listener = listener

        def accept(self):
            if not failed.is_set():
                failed.set()
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return self._listener.accept()

        def __getattr__(self, name):
            return getattr(self._listener, name)

    server._listener = Full(server._listener)
    with server:
        assert failed.wait(30)
        assert ask(daemon.place, "hello") == "hello"


def test_at_the_end_whoever_waits_for_an_answer_gets_it(daemon):
    begun, may_end = threading.Event(), threading.Event()

    def down():
        begun.set()
        may_end.wait(30)
        ended.append("down")
        return "down"

    daemon.words["down"] = down
    answers, ended = [], []
    asker = threading.Thread(target=lambda: answers.append(ask(daemon.place, "down")))
    with daemon.serving():
        asker.start()
        assert begun.wait(30)
        threading.Timer(0.05, may_end.set).start()
    assert ended == ["down"]
    asker.join()
    assert answers == ["down"]


def test_nobody_asks_it_after_its_end(daemon):
    with daemon.serving():
        pass
    with pytest.raises(ClusterError, match="dev is starting, or ending; ask again in a moment"):
        ask(daemon.place, "hello")


# nobody answers


def test_a_cluster_that_was_never_there_is_told_with_those_that_are(daemon):
    with pytest.raises(InputError, match=r"^no cluster is called other; there are dev$"):
        ask(Place.of("other"), "status")


@pytest.mark.usefixtures("clusters")
def test_where_there_is_none_at_all_that_is_told():
    with pytest.raises(InputError, match=r"^no cluster is called dev; none is up$"):
        ask(Place.of("dev"), "status")


@pytest.mark.usefixtures("clusters")
def test_one_whose_daemon_was_killed_is_told_with_its_record_and_what_cleans_up():
    place = Place.of("dev")
    os.close(place.claim())
    place.write(Facts("4711 99", "runs/dev-1"))
    with pytest.raises(ClusterError, match=r"dev is dead: its daemon \(process 4711\) was killed") as told:
        ask(place, "status")
    assert "; what was recorded is in runs/dev-1; harness down --name dev cleans up" in str(told.value)


class Deaf:
    """Listens, and hangs up on whoever asks: `reads` says whether it has heard the question by then."""

    def __init__(self, place, reads):
        self._listener, self._reads = socket.socket(socket.AF_UNIX), reads
        with place.socket() as path:
            self._listener.bind(path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._hang_up)
        self._thread.start()

    def _hang_up(self):
        line, _ = self._listener.accept()
        with line:
            eventually(lambda: line.recv(1 << 20, socket.MSG_PEEK), "a question")
            while self._reads and not line.recv(1 << 20).endswith(b"\n"):
                pass

    def close(self):
        self._thread.join()
        self._listener.close()


@pytest.mark.parametrize("reads", [True, False])
def test_a_daemon_that_ends_instead_of_an_answer_is_an_error_and_no_reader_who_has_gone(daemon, reads):
    """A BrokenPipeError would be taken for a reader of our own output."""
    deaf = Deaf(daemon.place, reads)
    with pytest.raises(ClusterError, match=r"dev (is starting, or ending|did not answer 'where')"):
        ask(daemon.place, "where", key="x" * 5_000_000)
    deaf.close()


@pytest.mark.parametrize(("word", "waits"), [("status", False), ("where", False), ("heal", True), ("down", True)])
def test_what_takes_its_time_is_waited_for_and_a_daemon_that_hangs_is_told_with_what_ends_it(
    daemon, monkeypatch, word, waits
):
    monkeypatch.setattr(line_module, "_ANSWER_S", 0.05)
    asked, may_end = threading.Event(), threading.Event()
    daemon.words[word] = lambda: (asked.set(), may_end.wait(30), "done")[2]
    with daemon.serving():
        if waits:
            threading.Timer(0.2, may_end.set).start()
            assert ask(daemon.place, word) == "done"
        else:
            with pytest.raises(ClusterError, match=rf"dev did not answer '{word}': .*harness down --name dev --force"):
                ask(daemon.place, word)
            may_end.set()
    assert asked.is_set()
