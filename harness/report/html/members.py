"""The rows of membership: of each worker its process, etcd's keys, and a row for each observer."""

from dataclasses import dataclass

from harness.report.html.clock import Clock
from harness.report.html.gathered import Gathered
from harness.report.html.marks import Mark, Track, spans, strokes
from harness.report.html.membership import (
    ABSENT,
    DOWN,
    ETCD,
    OFFLINE,
    ONLINE,
    PAUSED,
    PROCESS,
    RUNS,
    UNKNOWN,
    Line,
)

WORKERS_MAX, ROWS_MAX, SPANS_TOLD = 24, 320, 8
KEY = (("online", "online"), ("offline", "offline"), ("unknown", "unknown"), ("absent", "no member"))
_HEIGHT = 13
_BARS = {ONLINE: (2, 11), RUNS: (5, 8), OFFLINE: (8, 11), PAUSED: (8, 11)}
_KINDS = {RUNS: "runs", PAUSED: "paused", DOWN: "absent"}


@dataclass(frozen=True)
class Worker:
    """`summary` is what etcd held of it, `tracks` are all others; `is_eventful` where any changed during the run."""

    name: str
    summary: Track
    tracks: tuple[Track, ...]
    is_eventful: bool


def workers(gathered: Gathered) -> tuple[list[Worker], str]:
    """The workers drawn, and what was left out; of many those of whom most was told."""
    membership, clock = gathered.membership, gathered.clock
    during = _during(gathered)
    rows = len(membership.lines) * (len(membership.observers) + 2)
    events = {name: sum(_changes(line, during) for line in of.values()) for name, of in membership.lines.items()}
    most = len(events) if rows <= ROWS_MAX else min(WORKERS_MAX, ROWS_MAX // (len(membership.observers) + 2))
    chosen = sorted(events, key=lambda name: -events[name])[:most]
    shown = [_worker(name, gathered, clock, bool(events[name])) for name in membership.lines if name in chosen]
    notes = []
    if len(shown) < len(events):
        notes.append(f"{len(shown)} of {len(events)} workers: those of which most changed")
    if membership.observers_left_out:
        notes.append(
            f"{len(membership.observers)} of {len(membership.observers) + membership.observers_left_out} observers"
        )
    if left_out := sum(line.left_out for of in membership.lines.values() for line in of.values()):
        notes.append(f"{left_out} more changes, in rows that change very often")
    return shown, "; ".join(notes)


def _during(gathered: Gathered) -> tuple[int, int]:
    """From the begin of the run phase to that of the stop."""
    seen = gathered.moments.phases
    begin, end = seen.get("run", [0])[0], seen.get("stop", [2**63])[0]
    return begin, end


def _changes(line: Line, during: tuple[int, int]) -> int:
    """
    How often somebody who was a member, or a process that ran, became something else, or was that again. That its
    observer fell silent says nothing of a worker.
    """
    before, changes = "", 0
    for time_ns, state in line.changes:
        if state != UNKNOWN and (before or state in (ONLINE, RUNS)):
            changes += bool(before) and state != before and during[0] <= time_ns < during[1]
            before = state
    return changes


def _worker(name: str, gathered: Gathered, clock: Clock, is_eventful: bool) -> Worker:
    lines = gathered.membership.lines[name]
    order = (PROCESS, *gathered.membership.observers)
    tracks = tuple(_track(teller, lines[teller], clock) for teller in order if teller in lines)
    return Worker(name, _track(ETCD, lines.get(ETCD, Line(UNKNOWN)), clock), tracks, is_eventful)


def _track(teller: str, line: Line, clock: Clock) -> Track:
    parts: dict[str, list[tuple[float, float]]] = {}
    told = []
    for begin_ns, end_ns, state in _parts(line, clock):
        parts.setdefault(state, []).append((clock.x(begin_ns), clock.x(end_ns)))
        told.append(f"{state} from {clock.at_s(begin_ns):z.2f} s")
    more = len(told) - SPANS_TOLD
    told = [*told[:SPANS_TOLD], *([f"and {more} more"] if more > 0 else [])]
    return Track(teller, "", _HEIGHT, tuple(_mark(state, ends) for state, ends in parts.items()), "; ".join(told))


def _parts(line: Line, clock: Clock) -> list[tuple[int, int, str]]:
    end_ns = clock.first_ns + int(clock.columns * clock.step_s * 1e9)
    begins = [(clock.first_ns, line.first), *line.changes]
    ends = [time_ns for time_ns, _ in line.changes] + [end_ns]
    return [(begin, end, state) for (begin, state), end in zip(begins, ends, strict=True) if begin < end]


def _mark(state: str, ends: list[tuple[float, float]]) -> Mark:
    if state in _BARS:
        return Mark(_KINDS.get(state, state), spans(ends, *_BARS[state]))
    y = _HEIGHT - 2.5 if state in (ABSENT, DOWN) else _HEIGHT / 2
    return Mark(_KINDS.get(state, state), strokes(ends, y))
