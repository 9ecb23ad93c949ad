"""A relay as it runs in a sandbox, in a process of its own, between real sockets."""

import os
import signal
import socket
import struct
import threading
from contextlib import ExitStack, contextmanager

import pytest

from harness.cluster.relay import relay
from tests.conftest import eventually, free_port


class Service:
    """Listens; each connection is served by `serve` in a thread."""

    def __init__(self, serve):
        self._serve, self._listener = serve, socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._with, args=(line,), daemon=True).start()

    def _with(self, line):
        with line:
            self._serve(line)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def all_of(line):
    return b"".join(iter(lambda: line.recv(1 << 16), b""))


def upper(line):
    """Answers once it has heard the end of what it was told."""
    line.sendall(all_of(line).upper())


def echo(line):
    while data := line.recv(1 << 16):
        line.sendall(data)


@contextmanager
def relayed(*addresses):
    """The doors that lead to these addresses, and the process that passes on."""
    with ExitStack() as closed:
        listeners = [closed.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in addresses]
        pid = os.fork()
        if pid == 0:
            try:
                relay([os.dup(listener.fileno()) for listener in listeners], addresses)
            finally:
                os._exit(1)
        try:
            yield [listener.getsockname() for listener in listeners], pid
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


@pytest.fixture
def service():
    services = []

    def make(serve):
        services.append(Service(serve))
        return services[-1]

    yield make
    for one in services:
        one.close()


def test_each_door_leads_to_its_own_node(service):
    names = [service(lambda line, name=name: line.sendall(name)) for name in (b"one", b"other")]
    with relayed(*(name.address for name in names)) as (doors, _):
        for door, name in zip(doors, (b"one", b"other"), strict=True):
            with socket.create_connection(door, timeout=30) as line:
                assert all_of(line) == name


def test_what_comes_is_passed_on_both_ways_to_the_end_of_each(service):
    with relayed(service(upper).address) as ((door,), _), socket.create_connection(door, timeout=30) as line:
        line.sendall(b"ab")
        line.sendall(b"cd")
        line.shutdown(socket.SHUT_WR)
        assert all_of(line) == b"ABCD"


def test_more_than_any_buffer_holds_comes_through_whole(service):
    sent = os.urandom(1 << 16) * 200
    with relayed(service(echo).address) as ((door,), _), socket.create_connection(door, timeout=30) as line:

        def send():
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        assert all_of(line) == sent
        sender.join()


def test_many_at_once_do_not_wait_for_each_other(service):
    meet = threading.Barrier(20, timeout=30)

    def together(line):
        meet.wait()
        line.sendall(b"met")

    with relayed(service(together).address) as ((door,), _), ExitStack() as closed:
        lines = [closed.enter_context(socket.create_connection(door, timeout=30)) for _ in range(20)]
        assert [all_of(line) for line in lines] == [b"met"] * 20


def test_a_node_at_which_nobody_listens_is_a_reset_and_the_door_stays_open(service):
    with relayed(("127.0.0.1", free_port()), service(upper).address) as ((shut, door), _):
        for _ in range(2):
            with socket.create_connection(shut, timeout=30) as line, pytest.raises(ConnectionResetError):
                line.recv(1)
        with socket.create_connection(door, timeout=30) as line:
            line.sendall(b"a")
            line.shutdown(socket.SHUT_WR)
            assert all_of(line) == b"A"


def reset(line):
    """A close that is an RST."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def cut_short(line):
    """As the kernel ends a connection of a process that was killed and had not read all."""
    line.sendall(b"half an ans")
    reset(line)


def test_an_answer_that_was_cut_short_is_not_taken_for_a_whole_one(service):
    with relayed(service(cut_short).address) as ((door,), _):
        line = socket.create_connection(door, timeout=30)
        with line, pytest.raises(ConnectionResetError):
            all_of(line)


def test_whoever_goes_away_is_gone_for_the_node_too(service):
    ended = threading.Event()

    def until_the_end(line):
        line.sendall(b"here")
        try:
            while line.recv(1 << 16):
                pass
        except ConnectionResetError:
            pass
        ended.set()

    with relayed(service(until_the_end).address) as ((door,), _):
        line = socket.create_connection(door, timeout=30)
        assert line.recv(4) == b"here"
        reset(line)
        assert ended.wait(30)


def test_connections_that_are_over_leave_no_descriptors(service):
    with relayed(service(upper).address) as ((door,), pid):

        def held():
            return len(os.listdir(f"/proc/{pid}/fd"))

        def once():
            with socket.create_connection(door, timeout=30) as line:
                line.shutdown(socket.SHUT_WR)
                all_of(line)

        once()
        before = held()
        for _ in range(20):
            once()
        eventually(lambda: held() <= before, "closed descriptors")
