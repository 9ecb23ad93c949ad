"""`harness up` and `harness down`: a cluster that stays."""

import json
import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import exits, named, options
from harness.core.plan import SEED_MAX
from harness.daemon.place import Place

if TYPE_CHECKING:
    from harness.live import Live

_QUIET = {"lookups_per_s": 2, "reads_per_s": 1}
"""What clients do in a cluster that nobody has asked for anything yet."""


@click.command(short_help="Start a cluster that stays, to work against.")
@click.argument("scenario", required=False, metavar="[SCENARIO]", shell_complete=named.completed(named.scenario_names))
@named.name
@click.option("--workers", type=options.WholeNumber(1), metavar="N", help="How many. [default: the scenario's, else 3]")
@click.option("--clients", type=options.WholeNumber(0), metavar="N", help="How many. [default: the scenario's, else 1]")
@click.option("--etcd-members", type=options.OneOf(("1", "3", "5")), help="How many. [default: the scenario's, else 1]")
@click.option(
    "--seed", type=options.WholeNumber(0, SEED_MAX), metavar="N", help="Identities. [default: the scenario's, else 1]"
)
@options.etcd
@options.runs
@options.as_json
def command(scenario: str | None, name: str, as_json: bool, **wanted: Any) -> int:
    """
    Start a cluster, and leave it running: this command returns once it is ready, and the terminal may be closed.

    With a SCENARIO it is that one's cluster; its steps are not carried out. etcd and the workers' REST are published
    on ports of this machine's loopback. All that happens is recorded as of a run; `harness down` ends it.

    \b
    Examples:
      harness up
      harness up --name big --workers 20 --etcd-members 3
      harness up partition
    """
    place, began_s = Place.of(name), time.monotonic()
    lock = place.claim()
    try:
        code, told = _up(place, lock, scenario, wanted)
    finally:
        os.close(lock)
    if told is not None:
        _show(told, time.monotonic() - began_s, scenario, as_json)
    return code


command.name = "up"


def _up(place: Place, lock: int, scenario: str | None, wanted: dict[str, Any]) -> tuple[int, Any]:
    """What is wrong is told before anything is started; else the exit code, and the cluster's status."""
    from harness.daemon.detached import detached
    from harness.daemon.staying import stay_up
    from harness.daemon.watched import Watched
    from harness.run import told_where

    try:
        watched = Watched()
        live = _live(place.name, scenario, wanted, watched)
    except BaseException:
        if place.facts() is None:  # else those of one that was killed, of which more than its place may be left
            place.remove()
        raise
    with told_where(live.run_dir):
        code, told = detached(lambda starter: exits.code_of(partial(stay_up, place, lock, live, watched, starter)))
    return code or exits.OK, told


def _live(name: str, scenario: str | None, wanted: dict[str, Any], watched: Any) -> "Live":
    from dataclasses import replace

    from harness.live import Live
    from harness.load import load_diary

    fields = {"users": 1, **({} if scenario else _QUIET)}
    fields |= {key: wanted[key] for key in ("workers", "clients") if wanted[key] is not None}
    diary = load_diary(name, named.folder(), scenario, wanted["seed"], **fields, **_etcd(wanted))
    runtime = wanted["etcd"]
    return Live(
        diary,
        runs=wanted["runs"],
        adjust=lambda plan: replace(plan, etcd=replace(plan.etcd, runtime=runtime)) if runtime else plan,
        progress=watched,
        goes_on=True,
    )


def _etcd(wanted: dict[str, Any]) -> dict[str, Any]:
    return {"etcd": int(wanted["etcd_members"])} if wanted["etcd_members"] else {}


def _show(told: dict[str, Any], took_s: float, scenario: str | None, as_json: bool) -> None:
    from harness.cli.output import tell

    if as_json:
        tell(json.dumps(told))
        return
    from harness.report.cluster_screen import opening

    tell(opening(told, took_s))
    if scenario:
        exits.say(f"  the steps of {scenario} are not carried out: harness inject does single ones")


@click.command(short_help="End a cluster that stays.")
@named.name
@click.option("--judge", is_flag=True, help="Heal, wait until views agree, and tell the verdict as of a run.")
@click.option("--force", is_flag=True, help="Kill it, whether it answers or not.")
@options.as_json
def down(name: str, judge: bool, force: bool, as_json: bool) -> int:
    """
    End a cluster, and all that runs in it. Its record stays, in its run's folder.

    Also of one whose daemon was killed: what that left is removed.

    \b
    Examples:
      harness down
      harness down --name big --judge
    """
    from harness.daemon.line import ask
    from harness.daemon.staying import bury, kill, wait_gone

    place = Place.of(name)
    if force:
        _must_exist(place)
        kill(place)
    if place.exists() and not place.is_held():
        ended = {"left": [], "run_dir": bury(place)}
    else:
        ended = ask(place, "down", judged=judge)
        wait_gone(place)
    return _judged(ended, as_json) if judge else _told_of_end(name, ended, as_json)


down.name = "down"


def _must_exist(place: Place) -> None:
    from harness.daemon.line import absent

    if not place.exists():
        raise absent(place)


def _told_of_end(name: str, ended: dict[str, Any], as_json: bool) -> int:
    from harness.cli.output import tell

    if as_json:
        tell(json.dumps(ended))
    else:
        left = "; ".join(ended["left"]) or "nothing left behind"
        tell(f"{name} is down: {left}" + (f"   record: {ended['run_dir']}" if ended["run_dir"] else ""))
    return exits.FAILED if ended["left"] else exits.OK


def _judged(ended: dict[str, Any], as_json: bool) -> int:
    from harness import check
    from harness.cli.output import show

    result = check(Path(ended["run_dir"]))
    show(result, as_json)
    return result.exit_code
