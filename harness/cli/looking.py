"""`harness status`, `logs`, `ring`, `where` and `env`: what is known of a cluster that stays."""

import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from harness.cli import exits, named, options
from harness.daemon.line import absent, ask
from harness.daemon.place import Place
from harness.errors import InputError

_EVERY_S = 1.0
_FOLLOWED_EVERY_S = 0.1
_CLEAR = "\x1b[H\x1b[J"


@click.command(short_help="What a cluster that stays is doing.")
@named.name
@click.option("--watch", is_flag=True, help="Again each second, until Ctrl-C.")
@options.as_json
def status(name: str, watch: bool, as_json: bool) -> int:
    """
    Tell of each node what it is to the cluster, since when, its process, what it takes, how much of the ring it owns,
    and what it takes for the members; and which faults are open.

    \b
    Examples:
      harness status
      harness status --name big --watch
      harness status --json | jq '.nodes[] | select(.state == "offline") | .node'
    """
    place = Place.of(name)
    if not watch:
        _tell_status(ask(place, "status"), as_json)
        return exits.OK
    with suppress(KeyboardInterrupt):
        while True:
            told = ask(place, "status")
            if sys.stdout.isatty() and not as_json:
                click.echo(_CLEAR, nl=False)
            _tell_status(told, as_json)
            time.sleep(_EVERY_S)
    return exits.OK


status.name = "status"


def _tell_status(told: dict[str, Any], as_json: bool) -> None:
    from harness.cli.output import terminal
    from harness.report.cluster_screen import screen

    _tell(told, as_json, lambda told: screen(told, *terminal()))


def _tell(told: dict[str, Any], as_json: bool, draw: Callable[[dict[str, Any]], str]) -> None:
    """What a daemon answered, as people read it or programs. Raises ClusterError where stdout takes no more."""
    from harness.cli.output import tell

    tell(json.dumps(told) if as_json else draw(told))


@click.command(short_help="What a node of a cluster that stays has logged.")
@click.argument("node", shell_complete=named.completed(named.node_names))
@click.option("-f", "--follow", is_flag=True, help="Go on as it grows, until Ctrl-C.")
@click.option("-n", "--lines", type=options.WholeNumber(0), metavar="N", help="The last N lines only.")
@named.name
def logs(node: str, follow: bool, lines: int | None, name: str) -> None:
    """
    Print a node's log, of all its starts. NODE is one of the cluster's, or a program of the harness' own: observer,
    workload, operator, supervisor, publisher.

    \b
    Examples:
      harness logs worker-1
      harness logs etcd-1 -f -n 20
    """
    place = Place.of(name)
    facts = place.facts()
    if facts is None:
        raise absent(place)
    folder = Path(facts.run_dir, "logs")
    log = folder / f"{Path(node).name}.log"
    if not log.is_file():
        there = ", ".join(sorted(path.stem for path in folder.glob("*.log")))
        raise InputError(f"{node!r} has no log; there are {there}")
    with suppress(KeyboardInterrupt):
        for text in _logged(log, lines, place if follow else None):
            click.echo(text, nl=False)


logs.name = "logs"


def _logged(log: Path, lines: int | None, followed: Place | None) -> Iterator[str]:
    """What is in it, and what is written to it as long as the place is held."""
    with log.open(encoding="utf-8", errors="backslashreplace") as file:
        text = file.read()
        yield text if lines is None else "".join(text.splitlines(keepends=True)[-lines:] if lines else [])
        is_growing = followed is not None
        while is_growing and followed is not None:
            is_growing = followed.is_held()  # before the look, so that last words are seen
            if more := file.read():
                yield more
            elif is_growing:
                time.sleep(_FOLLOWED_EVERY_S)


@click.command(short_help="How much of the ring each worker owns.")
@named.name
@options.as_json
def ring(name: str, as_json: bool) -> None:
    """
    Tell how much of the ring each worker owns, by the members that etcd has.

    \b
    Example:
      harness ring
    """
    from harness.report.cluster_screen import ring_screen

    _tell(ask(Place.of(name), "ring"), as_json, ring_screen)


ring.name = "ring"


@click.command(short_help="Which worker owns a key.")
@click.argument("key")
@named.name
@options.as_json
def where(key: str, name: str, as_json: bool) -> None:
    """
    Tell who owns KEY, by the members that etcd has and by each client's own view, and who would be asked next.

    Any text is a key; the clients look up file:///ufs/key-00001 and on.

    \b
    Example:
      harness where file:///ufs/key-00001
    """
    from harness.report.cluster_screen import where_screen

    _tell(ask(Place.of(name), "where", key=key), as_json, where_screen)


where.name = "where"


@click.command(short_help="Lines to eval: where etcd and the workers are reached.")
@named.name
def env(name: str) -> None:
    """
    Print lines for a shell to eval: the ports on loopback that lead to etcd and to the workers' REST.

    \b
    Examples:
      harness env
      eval "$(harness env)" && etcdctl get --prefix --keys-only /
    """
    from harness.cli.output import tell

    place = Place.of(name)
    doors = {node: f"http://{door}" for node, door in ask(place, "doors").items()}
    members = ",".join(door for node, door in doors.items() if node.startswith("etcd-"))
    values = {"HARNESS_NAME": place.name, "ETCDCTL_API": "3", "ETCDCTL_ENDPOINTS": members}
    values |= {f"HARNESS_{node.upper().replace('-', '_')}": door for node, door in doors.items()}
    tell("\n".join(f"export {variable}={shlex.quote(value)}" for variable, value in values.items()))


env.name = "env"
