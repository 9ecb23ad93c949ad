"""`harness inject`, `heal`, `join` and `decommission`: what is done to a cluster that stays."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from harness.cli import exits, named, options
from harness.daemon.line import ask
from harness.daemon.place import Place

_SOON_S = 1.0


def _fault_names(_: click.Context) -> list[str]:
    from harness.faults import FAULTS

    return list(FAULTS)


def _words_after(context: click.Context) -> list[str]:
    return [*named.node_names(context), "rest", "any", "all", "leader"]


@click.command(short_help="Break something in a cluster that stays.")
@click.argument("fault", shell_complete=named.completed(_fault_names))
@click.argument("words", nargs=-1, metavar="[WORD]...", shell_complete=named.completed(_words_after))
@click.option("--for", "for_", metavar="DURATION", help="Heal it after that: 500ms, 10s, 2m.")
@named.name
@options.as_json
def inject(fault: str, words: tuple[str, ...], for_: str | None, name: str, as_json: bool) -> int:
    """
    Inject a fault, in a scenario's own words: names of nodes, apart by commas; of a partition a word is a group. Other
    fields are NAME=VALUE; `harness list faults` has them all.

    Returns once the fault is in place, and says whether that was proven; it lasts until it is healed. A join, a
    decommission and a rolling restart are over when this returns.

    \b
    Examples:
      harness inject pause worker-2 --for 10s
      harness inject partition worker-1,worker-2 rest
      harness inject partition from=worker-1 to=etcd-1
      harness inject restart worker-3 signal=KILL down_for=5s
      harness inject kill any=2
    """
    return _inject(name, fault, words, for_, as_json)


inject.name = "inject"


@click.command(short_help="Heal what is open in a cluster that stays.")
@click.argument("numbers", nargs=-1, type=options.WholeNumber(1), metavar="[NUMBER]...")
@named.name
@options.as_json
def heal(numbers: tuple[int, ...], name: str, as_json: bool) -> None:
    """
    Heal faults by their numbers; without any all that are open, but what was killed for good.

    \b
    Examples:
      harness heal
      harness heal 2
    """
    with _told_what_goes_on("healing"):
        answer = ask(Place.of(name), "heal", numbers=list(numbers))
    if as_json:
        click.echo(json.dumps(answer))
        return
    lines = [f"{each['told']}: {_healed(each)}" for each in answer["healed"]]
    lines += [f"{told}: was healed already" for told in answer["was_healed"]]
    lines += [f"{told}: stays; harness heal {told[1:].split()[0]} undoes it" for told in answer["stays"]]
    click.echo("\n".join(lines) or "nothing is open")


heal.name = "heal"


def _healed(told: dict[str, Any]) -> str:
    """`healed`, and whether that was proven."""
    from harness.report.wording import span_text

    if told.get("heal") == "proven":
        return f"healed, proven in {span_text(told['after_s'])}"
    return f"healed, and that is {told.get('heal', 'absent')}" + (f" ({told['detail']})" if told.get("detail") else "")


@click.command(short_help="Let workers join a cluster that stays.")
@click.argument("count", type=options.WholeNumber(1), default=1, metavar="[COUNT]")
@named.name
@options.as_json
def join(count: int, name: str, as_json: bool) -> int:
    """
    Start workers that were not there before, numbered on from the last; returns once they are online.

    \b
    Example:
      harness join 2
    """
    return _inject(name, "join", (str(count),), None, as_json)


join.name = "join"


@click.command(short_help="Take workers out of a cluster that stays, for good.")
@click.argument(
    "workers", nargs=-1, required=True, metavar="WORKER...", shell_complete=named.completed(named.node_names)
)
@click.option(
    "--stop",
    type=options.OneOf(("TERM", "KILL", "none")),
    default="TERM",
    show_default=True,
    help="How it is stopped first; none removes one that something else keeps offline.",
)
@named.name
@options.as_json
def decommission(workers: tuple[str, ...], stop: str, name: str, as_json: bool) -> int:
    """
    Stop workers, wait until they are offline, remove them from the cluster, and see that they are gone.

    \b
    Examples:
      harness decommission worker-3
      harness decommission worker-1 --stop KILL
    """
    return _inject(name, "decommission", (",".join(workers), f"stop={stop}"), None, as_json)


decommission.name = "decommission"


def _inject(name: str, fault: str, words: tuple[str, ...], for_: str | None, as_json: bool) -> int:
    """Its exit code: who was to join or to leave, and did not, is a failure."""
    with _told_what_goes_on(fault):
        answer = ask(Place.of(name), "inject", fault=fault, words=list(words), for_=for_)
    click.echo(json.dumps(answer) if as_json else _told(answer))
    return exits.FAILED if answer["effect"] == "absent" and answer["lasts_s"] == 0 else exits.OK


def _told(answer: dict[str, Any]) -> str:
    from harness.report.wording import span_text

    took = f" in {span_text(answer['after_s'])}" if answer["effect"] == "proven" else ""
    why = f" ({answer['detail']})" if answer["detail"] and answer["effect"] != "proven" else ""
    lasts = answer["lasts_s"]
    ends = "until harness heal" if lasts is None else "over" if not lasts else f"heals in {lasts:g} s"
    return f"#{answer['number']} {answer['told']}: {answer['effect']}{took}{why}, {ends}"


@contextmanager
def _told_what_goes_on(what: str) -> Iterator[None]:
    """On a terminal, once it takes longer than a moment; who interrupts it does not undo it."""
    timer = threading.Timer(_SOON_S, lambda: exits.say(f"{what} goes on ..."))
    timer.daemon = True
    if sys.stderr is not None and sys.stderr.isatty():
        timer.start()
    try:
        yield
    except KeyboardInterrupt as error:
        error.add_note("what was begun goes on: harness status tells")
        raise
    finally:
        timer.cancel()
