"""The report of a run: one page that needs no network, a pure function of what was recorded and judged."""

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.checks.catalogue import INVARIANTS
from harness.core.history import Op
from harness.core.plan import Plan
from harness.report.course import FaultRow
from harness.report.html import members, tracks
from harness.report.html.activity import STAGES, TIMED
from harness.report.html.evidence import LogLine, RingRow, lines_around, moment_of, nodes_of, open_at
from harness.report.html.gathered import Gathered, gather
from harness.report.html.marks import spans
from harness.report.html.story import story
from harness.report.result import InvariantRow, Result
from harness.report.wording import span_text

_SHOWN = 20
_AROUND_S = 1.5
_ORDER = {"violated": 0, "unknown": 1, "valid": 2}


@dataclass(frozen=True)
class Evidence:
    """A violation and what stands around it; `mark` names it on the page, `zoom` is the span of time to look at."""

    mark: str
    name: str
    text: str
    at_s: float | None
    zoom: str
    x: float
    ops: list[dict[str, Any]]
    rings: list[RingRow]
    open: list[FaultRow]
    logs: list[LogLine]


@dataclass(frozen=True)
class WaitRow:
    f: str
    stage: str
    count: int
    quantiles: tuple[str, ...]


def page(
    plan: Plan,
    ops: Iterable[Op],
    result: Result,
    *,
    metrics: Iterable[Mapping[str, Any]] = (),
    read_log: Callable[[str], Iterable[str]] = lambda _: (),
    repeat: str = "",
) -> str:
    """
    The HTML of a run's report.

    `ops` are gone over once, in the order of their file. `metrics` are the samples of processes, `read_log` gives the
    lines that a node logged, `repeat` is the command that carries out the same plan again.
    """
    gathered = gather(plan, ops, result, metrics)
    shown, left_out = members.workers(gathered)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            result=result,
            repeat=repeat,
            story=story(result),
            clock=gathered.clock,
            count=gathered.ops,
            rows=sorted(result.invariants, key=lambda row: _ORDER[row.outcome]),
            says={name: kind.says for name, kind in INVARIANTS.items()},
            share_of=share_of,
            evidence=list(_evidence(plan, result, gathered, read_log)),
            more={row.name: _more(row) for row in result.invariants if row.outcome == "violated"},
            phases=tracks.phases(gathered),
            bands=spans((tracks.band_of(row, gathered.clock) for row in result.faults if row.at_s is not None), 0, 1),
            groups=_groups(plan, result, gathered),
            workers=shown,
            workers_left_out=left_out,
            members_key=members.KEY,
            late_groups=_late_groups(plan, gathered),
            log_scale=tracks.log_scale(),
            waits=_waits(gathered),
            style=_beside("report.css"),
            script=_beside("report.js"),
            script_hash=_hash(_beside("report.js")),
        )
    )


def share_of(row: InvariantRow) -> float | None:
    """How much of its bound the slowest took where an invariant held; None where either is not told."""
    took_s, allowed_s = row.examined.get("slowest_s", row.examined.get("took_s")), row.examined.get("allowed_s")
    if row.outcome != "valid" or took_s is None or not allowed_s:
        return None
    return float(took_s / allowed_s)


@cache
def _environment() -> Environment:
    loader = PackageLoader("harness.report.html", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["span"] = span_text
    return environment


@cache
def _beside(name: str) -> str:
    """A file beside the template as it is, to stand inside a `style` or `script` element."""
    return files("harness.report.html").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """By which the page's policy knows its own script, and lets no other run."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _groups(plan: Plan, result: Result, gathered: Gathered) -> list[tracks.Group]:
    return [tracks.faults(result.faults, gathered.clock), tracks.ops(gathered, _nodes(plan))]


def _late_groups(plan: Plan, gathered: Gathered) -> list[tracks.Group]:
    names = {identity: name for name, identity in plan.identities.items()}
    shares = tracks.owners(gathered, lambda identity: names.get(identity, identity))
    return [shares, tracks.waits(gathered), *tracks.machine(gathered, (*plan.workers, *plan.joiners, *_nodes(plan)))]


def _nodes(plan: Plan) -> tuple[str, ...]:
    return (*plan.clients, *plan.workers, *plan.joiners, "etcd", *plan.etcd.members)


def _evidence(
    plan: Plan, result: Result, gathered: Gathered, read_log: Callable[[str], Iterable[str]]
) -> Iterator[Evidence]:
    clock = gathered.clock
    told = [
        (f"{row.name}-{number}", row.name, violation, moment_of(violation))
        for row in result.invariants
        for number, violation in enumerate(row.violations[:_SHOWN], 1)
    ]
    seen = [clock.begin_s if at_s is None else at_s for *_, at_s in told]
    about = [
        () if at_s is None else (*nodes_of(violation, plan.names), *plan.etcd.members) for *_, violation, at_s in told
    ]
    logs = lines_around(list(zip(seen, about, strict=True)), read_log, clock.zero_ns, gathered.moments.wall_s)
    for (mark, name, violation, at_s), seen_s, lines in zip(told, seen, logs, strict=True):
        first_s = min((op["at_s"] for op in violation["ops"]), default=seen_s)
        yield Evidence(
            mark=mark,
            name=name,
            text=violation["text"],
            at_s=at_s,
            zoom=f"{max(clock.begin_s, first_s - _AROUND_S):.2f},{min(clock.end_s(), seen_s + _AROUND_S):.2f}",
            x=clock.x_of(seen_s),
            ops=violation["ops"],
            rings=gathered.rings.of(violation["ops"]),
            open=open_at(result.faults, seen_s) if at_s is not None else [],
            logs=lines,
        )


def _more(row: InvariantRow) -> int:
    """Counter-examples beyond those that are shown."""
    return max(0, int(row.examined.get("violations", 0)) - min(len(row.violations), _SHOWN))


def _waits(gathered: Gathered) -> list[WaitRow]:
    rows = []
    for f in TIMED:
        for stage in STAGES:
            spread = gathered.activity.waits[f][stage]
            if spread.count:
                quantiles = tuple(span_text(spread.quantile_s(share)) for share in (0.5, 0.9, 0.99))
                rows.append(WaitRow(f, stage, spread.count, (*quantiles, span_text(spread.largest_ns / 1e9))))
    return rows
