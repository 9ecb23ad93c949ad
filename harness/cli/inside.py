"""`harness exec`: a program inside of a cluster that stays."""

import os
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType
from typing import Any

import click

from harness.cli import named
from harness.cluster import linux
from harness.daemon.line import ask_for_descriptors
from harness.daemon.place import Place
from harness.errors import ClusterError, InputError

_KINDS = (linux.CLONE_NEWUSER, linux.CLONE_NEWNS, linux.CLONE_NEWPID, linux.CLONE_NEWNET)
_HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_NOT_FOUND, _NOT_RUN = 127, 126


class _Split(click.Command):
    """What stands behind the first `--` is not the harness' to read; click alone would drop that."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            args, ctx.meta["harness.program"] = args[:at], args[at + 1 :]
        return super().parse_args(ctx, args)


@click.command(cls=_Split, short_help="Run a program inside of a cluster that stays.", options_metavar="[OPTIONS]")
@click.argument(
    "node", default="user-1", metavar="[NODE] -- PROGRAM...", shell_complete=named.completed(named.node_names)
)
@named.name
@click.pass_context
def command(context: click.Context, node: str, name: str) -> int:
    """
    Run a program where a node is: in its network, with the cluster's names and files. Without a NODE it is a place of
    its own, user-1, to which faults apply as to any node: harness inject isolate user-1.

    etcdctl is on its PATH, and ETCDCTL_ENDPOINTS is set. The files are this machine's, also where etcd is in a
    container. It ends with the cluster. The exit code is the program's.

    \b
    Examples:
      harness exec -- etcdctl get --prefix --keys-only /
      harness exec worker-1 -- ping -c 1 etcd-1
      harness exec -- python read.py
    """
    program = context.meta.get("harness.program")
    if not program or not program[0]:
        raise InputError("no program to run; write it behind --, as in: harness exec -- etcdctl get --prefix /")
    here = str(named.folder())
    about, descriptors = ask_for_descriptors(Place.of(name), "inside", node=node)
    _enter(descriptors)
    return _run(program, here, {"HARNESS_NAME": name, "HARNESS_NODE": node, **_settings(about)})


command.name = "exec"


def _enter(descriptors: list[int]) -> None:
    """The namespaces, the user's first. Raises ClusterError where the kernel refuses."""
    try:
        for descriptor, kind in zip(descriptors, _KINDS, strict=True):
            if kind != linux.CLONE_NEWUSER or not os.path.samestat(os.fstat(descriptor), os.stat("/proc/self/ns/user")):
                linux.enter(descriptor, kind)
            os.close(descriptor)
    except OSError as error:
        raise ClusterError(f"can't go there: {error}") from error


def _settings(about: dict[str, Any]) -> dict[str, str]:
    from harness.cluster.etcd_server import packaged_program

    packaged = packaged_program("etcdctl")
    programs = [str(packaged.parent)] if packaged else []
    return {
        "PATH": os.pathsep.join([os.environ.get("PATH", os.defpath), *programs]),
        "ETCDCTL_API": "3",
        "ETCDCTL_ENDPOINTS": about["etcd"],
        "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python",
    }


def _run(program: list[str], folder: str, settings: dict[str, str]) -> int:
    """
    In a new process, for only those live in a pid namespace that was entered; it ends with this one. Its exit code,
    128 and more for a signal, as a shell has it.
    """
    ours, theirs = socket.socketpair()
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)  # until it is known to whom they are passed on
    pid = os.fork()
    if pid == 0:
        ours.close()
        _become(program, folder, settings, theirs)
    theirs.close()

    def pass_on(number: int, _: FrameType | None) -> None:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.kill(pid, number)

    for number in _HEARD:
        signal.signal(number, pass_on)
    if os.isatty(0):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C reaches the program by itself
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _become(program: list[str], folder: str, settings: dict[str, str], starter: socket.socket) -> None:
    """The parent has no pid here, so one that has died before the death signal was set shows by its socket's end."""
    try:
        linux.die_with_parent()
        starter.setblocking(False)
        try:
            if not starter.recv(1):
                os._exit(_NOT_RUN)
        except BlockingIOError:
            pass
        for number in (*_HEARD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        _change_to(folder)
        os.execvpe(program[0], program, {**os.environ, **settings})
    except FileNotFoundError:
        _end(f"{program[0]}: no such program inside", _NOT_FOUND)
    except OSError as error:
        _end(f"{program[0]}: {error.strerror}", _NOT_RUN)


def _change_to(folder: str) -> None:
    try:
        os.chdir(folder)
    except OSError as error:
        _end(f"{folder}: {error.strerror} inside", _NOT_RUN)


def _end(told: str, code: int) -> None:
    print(f"harness exec: {told}", file=sys.stderr)
    os._exit(code)
