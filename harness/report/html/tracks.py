"""The rows of the timeline: what is drawn of faults, ops, owners, waits and processes."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from harness.core.lasting import PROCEDURES
from harness.core.spread import Spread
from harness.report.course import PHASES, FaultRow
from harness.report.html.activity import TIMED, TYPES, Done
from harness.report.html.clock import COARSE, UNITS, Clock
from harness.report.html.gathered import Gathered
from harness.report.html.machine import Usage
from harness.report.html.marks import Label, Mark, Track, bars, spans, steps
from harness.report.wording import span_text

NODES_MAX, FAULTS_MAX = 24, 40
_WIDE = COARSE * UNITS
_LOG_FROM, _LOG_DECADES, _LOG_HEIGHT = -4, 5, 70
_LOG_LINES = (0.001, 0.01, 0.1, 1.0)


@dataclass(frozen=True)
class Group:
    """Rows under one heading; `key` are classes of marks and their meaning, `note` what was counted or left out."""

    title: str
    note: str
    tracks: tuple[Track, ...]
    key: tuple[tuple[str, str], ...] = ()


def phases(gathered: Gathered) -> Track:
    clock, seen = gathered.clock, gathered.moments.phases
    ends = {name: (stamps[0], stamps[-1]) for name in PHASES if (stamps := seen.get(name))}
    parts = [(clock.x(a), clock.x(b)) for a, b in ends.values()]
    labels = tuple(Label(clock.x(a), name) for name, (a, b) in ends.items() if _is_wide(clock, a, b))
    told = ", ".join(f"{name} {span_text((b - a) / 1e9)}" for name, (a, b) in ends.items())
    return Track(
        "phase", "", 14, (Mark("phase", spans(parts[::2], 0, 14)), Mark("edge", spans(parts, 13, 14))), told, labels
    )


def _is_wide(clock: Clock, begin_ns: int, end_ns: int) -> bool:
    return (end_ns - begin_ns) / 1e9 > clock.span_s / 25


def faults(rows: Iterable[FaultRow], clock: Clock) -> Group:
    shown = [row for row in rows if row.at_s is not None]
    left_out = len(shown) - FAULTS_MAX
    note = f"{left_out} more are drawn as bands only" if left_out > 0 else ""
    key = (("proven", "effect proven"), ("unproven", "effect not proven"))
    return Group("Faults", note, tuple(_fault(row, clock) for row in shown[:FAULTS_MAX]), key if shown else ())


def band_of(row: FaultRow, clock: Clock) -> tuple[float, float]:
    """From inject to heal in units, to the end where nothing heals it; as long as it took for what is over by then."""
    begin_s = row.at_s or 0.0
    if row.until_s is not None:
        return clock.x_of(begin_s), clock.x_of(row.until_s)
    if row.fault in PROCEDURES:
        begin = clock.x_of(begin_s)
        return begin, max(clock.x_of(begin_s + (row.effect_after_s or 0.0)), begin + UNITS / 2)
    return clock.x_of(begin_s), float(clock.width)


def _fault(row: FaultRow, clock: Clock) -> Track:
    begin, end = band_of(row, clock)
    is_proven = row.effect != "absent"
    until = "" if row.until_s is None else f" to {row.until_s:z.1f}"
    told = f"{row.at_s:z.1f}{until} s, {_proof(row.effect, row.effect_after_s)}"
    if row.heal != "not-applicable":
        told += f", heal {_proof(row.heal, row.heal_after_s)}"
    label = Label(end, told) if end < 0.5 * clock.width else Label(begin, told, "left")
    if begin < 0.6 * clock.width and end >= 0.5 * clock.width:
        label = Label(begin, told, "inside")
    mark = Mark("proven" if is_proven else "unproven", spans([(begin, end)], 2, 14))
    return Track(row.text, "", 16, (mark,), told, (label,), "fault")


def _proof(outcome: str, after_s: float | None) -> str:
    return f"proven in {span_text(after_s or 0.0)}" if outcome == "proven" else outcome.replace("-", " ")


def ops(gathered: Gathered, order: Iterable[str]) -> Group:
    """Nodes in the given order, then the rest; of many those that had failures first."""
    nodes = gathered.activity.nodes
    names = [*(name for name in order if name in nodes), *sorted(nodes.keys() - {*order})]
    chosen = set(sorted(names, key=lambda name: -nodes[name].total("fail") - nodes[name].total("info"))[:NODES_MAX])
    note = f"counted in steps of {_step(gathered.clock.step_s)}; each row to its own height while the run lasts"
    if len(names) > NODES_MAX:
        note += f"; {NODES_MAX} of {len(names)} nodes: those with most that was not ok"
    during = _run_columns(gathered)
    tracks = tuple(_ops(name, nodes[name], during) for name in names if name in chosen)
    return Group(
        "Operations",
        note,
        tracks,
        (("ok", "ok, cut off where there is a lid"), ("fail", "fail, below the line"), ("info", "info: nobody knows")),
    )


def _run_columns(gathered: Gathered) -> range:
    """Those of the run phase; all where there was none."""
    seen, clock = gathered.moments.phases.get("run"), gathered.clock
    return range(clock.column(seen[0]), clock.column(seen[-1])) if seen else range(clock.columns)


def _ops(name: str, done: Done, during: range) -> Track:
    """What is higher than anything in the run phase, as the final lookups of clients may be, is cut off."""
    counts = done.by_type["ok"]
    largest = max((counts[column] for column in counts if column in during), default=0) or max(
        counts.values(), default=1
    )
    cut = {column: min(count, largest) for column, count in counts.items()}
    over = [(c * UNITS, (c + 1) * UNITS) for c in sorted(counts) if counts[c] > largest]
    marks = [Mark("ok", bars(cut, largest, 18, 16)), Mark("ok", spans(over, 0, 1)), Mark("axis", "M0 18.5H100000")]
    for top, kind in ((20, "fail"), (26, "info")):
        columns = sorted(done.by_type[kind])
        marks.append(Mark(kind, spans(((c * UNITS, (c + 1) * UNITS) for c in columns), top, top + 4)))
    totals = [f"{done.total(kind):,} {kind}" for kind in TYPES if done.total(kind) or kind == "ok"]
    note = " · ".join(totals)
    return Track(name, note, 30, tuple(marks), f"{done.what}: {note}, full height is {largest} in a step", kind="tall")


def owners(gathered: Gathered, who: Callable[[str], str]) -> Group:
    """Of lookups and reads the share of each worker, by whom the clients took for the owner."""
    by_owner = gathered.activity.owners
    totals: dict[int, int] = {}
    for columns in by_owner.values():
        for column, count in columns.items():
            totals[column] = totals.get(column, 0) + count
    everything = sum(totals.values())
    shares = {owner: {c: n / totals[c] for c, n in columns.items()} for owner, columns in by_owner.items()}
    names = sorted(shares, key=lambda owner: -by_owner[owner].total())[:NODES_MAX]
    largest = _highest([shares[owner] for owner in names], totals)
    tracks = tuple(
        Track(
            who(owner),
            f"{by_owner[owner].total() / everything:.1%}",
            20,
            (Mark("share", bars({c: min(s, largest) for c, s in shares[owner].items()}, largest, 20, 20, _WIDE)),),
            f"owner of {by_owner[owner].total()} of {everything} lookups and reads",
        )
        for owner in sorted(names, key=lambda owner: _natural(who(owner)))
    )
    steps_of = _step(gathered.clock.step_s * COARSE)
    note = f"share of lookups and reads by the owner that clients found, in steps of {steps_of}"
    note += f"; full height is {largest:.0%}, and steps with few of them may be cut off there"
    note += f"; {NODES_MAX} of {len(shares)} owners" if len(shares) > NODES_MAX else ""
    return Group("Ownership", note if tracks else "no lookup or read was answered", tracks)


def _highest(shares: Iterable[Mapping[int, float]], totals: Mapping[int, int]) -> float:
    """The largest share in a step that is at least half as full as the usual one; of a few lookups one may have all."""
    usual = sorted(totals.values())[len(totals) // 2] if totals else 0
    return max((share for of in shares for column, share in of.items() if 2 * totals[column] >= usual), default=1.0)


def _natural(name: str) -> tuple[str, int]:
    front, _, last = name.rpartition("-")
    return (front, int(last)) if last.isdecimal() and len(last) < 9 else (name, 0)


def waits(gathered: Gathered) -> Group:
    tracks = tuple(_waits(f, columns) for f in TIMED if (columns := gathered.activity.waits_at[f]))
    note = f"of each {_step(gathered.clock.step_s * COARSE)}, by when they were sent; quantiles within 3 %"
    return Group("Latency", note, tracks, (("p50", "median"), ("p99", "99 of 100")) if tracks else ())


def _waits(f: str, columns: Mapping[int, Spread]) -> Track:
    grid = "".join(f"M0 {_log_y(line):.1f}H100000" for line in _LOG_LINES)
    marks = [Mark("grid", grid)]
    for kind, share in (("p99", 0.99), ("p50", 0.5)):
        heights = {column: _log_y(spread.quantile_s(share)) for column, spread in columns.items()}
        marks.append(Mark(kind, steps(heights, _WIDE)))
    count = sum(spread.count for spread in columns.values())
    return Track(
        f, f"{count:,} ok", _LOG_HEIGHT, tuple(marks), f"median and 99th percentile of {f}s", kind="tall waits"
    )


def log_scale() -> list[tuple[float, str]]:
    """Where the lines of the latency's scale are, in pixels down, and what they say."""
    return [(_log_y(line), span_text(line) if line < 1 else "1 s") for line in _LOG_LINES]


def _log_y(seconds: float) -> float:
    share = (math.log10(max(seconds, 1e-9)) - _LOG_FROM) / _LOG_DECADES
    return round(_LOG_HEIGHT * (1 - min(max(share, 0.0), 1.0)), 1)


def machine(gathered: Gathered, order: Iterable[str]) -> tuple[Group, Group]:
    usages = gathered.usages
    names = [*(name for name in order if name in usages), *sorted(usages.keys() - {*order})]
    chosen = set(sorted(names, key=lambda name: -usages[name].largest_bytes)[:NODES_MAX])
    shown = {name: usages[name] for name in names if name in chosen}
    bytes_max = max((usage.largest_bytes for usage in shown.values()), default=1)
    busiest = max((usage.busiest for usage in shown.values()), default=0.0) or 1.0
    few = f"; {NODES_MAX} of {len(names)} processes, the largest" if len(names) > NODES_MAX else ""
    memory = tuple(_memory(name, usage, bytes_max) for name, usage in shown.items())
    cpu = tuple(_cpu(name, usage, busiest) for name, usage in shown.items())
    return (
        Group("Memory", f"resident, sampled once a second; full height is {bytes_max / 1e6:.0f} MB{few}", memory),
        Group("CPU", f"of one core, between samples; full height is {_percent(busiest)}{few}", cpu),
    )


def _memory(name: str, usage: Usage, largest: int) -> Track:
    told = f"{usage.largest_bytes / 1e6:.0f} MB at most"
    return Track(name, told, 16, (Mark("use", bars(usage.rss_bytes, largest, 16, 16)),), told)


def _cpu(name: str, usage: Usage, largest: float) -> Track:
    told = f"{usage.cpu_s:.1f} s, {_percent(usage.busiest)} at most"
    return Track(name, told, 16, (Mark("use", bars(usage.cpu, largest, 16, 16)),), told)


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.0995 else f"{share:.1%}"


def _step(seconds: float) -> str:
    return f"{seconds * 1000:g} ms" if seconds < 1 else f"{seconds:g} s"
