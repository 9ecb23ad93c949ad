"""
What a user sees of a run while it lasts, on stderr.

`Quiet` shows nothing, `Plain` one line per phase; on a terminal there is a `Display`.
"""

import threading
import time
from collections import Counter
from types import TracebackType
from typing import IO, Protocol, Self

from harness.core.history import HARNESS, NEMESIS, Op
from harness.core.lasting import run_s
from harness.core.plan import Plan
from harness.report.course import COUNTED
from harness.report.lasting import lasting
from harness.report.result import Result
from harness.report.wording import fault_text, span_text


class Progress(Protocol):
    """A context; `op` is called for every op, from whichever thread records it, and must cost next to nothing."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def note(self, text: str) -> None:
        """Something that was decided for the user."""
        ...

    def phase(self, name: str, detail: str = "") -> None:
        """A phase has ended; `detail` is what it came to."""
        ...

    def op(self, op: Op) -> None: ...
    def node_died(self, text: str) -> None:
        """A node ended though nobody told it to."""
        ...

    def done(self, result: Result) -> None: ...


class Quiet:
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing more will be shown."""

    def note(self, text: str) -> None:
        pass

    def phase(self, name: str, detail: str = "") -> None:
        pass

    def op(self, op: Op) -> None:
        pass

    def node_died(self, text: str) -> None:
        pass

    def done(self, result: Result) -> None:
        self.close()


class Plain(Quiet):
    """A line for each phase that ended and for each node that died; with `verbose` for each fault and heal too."""

    def __init__(self, plan: Plan, stderr: IO[str], verbose: bool = False) -> None:
        self._stderr, self._tally = stderr, Tally(plan)
        self._verbose = verbose

    def note(self, text: str) -> None:
        self._say(f"  {text}")

    def phase(self, name: str, detail: str = "") -> None:
        took_s = self._tally.ended_s(name)
        took = "" if took_s is None else span_text(took_s)
        self._say(f"  {name:<8} {took:<8} {detail}".rstrip())

    def op(self, op: Op) -> None:
        self._tally.add(op)
        if self._verbose and op.actor == NEMESIS and op.type != "invoke":
            self._say(f"    {self._tally.since_run_s(op):6.2f} s  {_told(op)}", "dim")

    def node_died(self, text: str) -> None:
        self._say(f"  {text}", "red")

    def _say(self, line: str, style: str = "") -> None:
        """What does not go to a terminal has no style."""
        self._stderr.write(f"{line}\n")  # at once: others may say something too
        self._stderr.flush()


class Tally:
    """
    What the ops so far came to: the newest client's view, counts, open faults, the phase and its start. May be used by
    several threads.
    """

    def __init__(self, plan: Plan) -> None:
        self._lock = threading.Lock()
        self._clients = frozenset(plan.clients)
        self.planned_s = planned_s(plan)
        self.current: str | None = None
        self._began_ns = self._zero_ns = 0
        self._took_s: dict[str, float] = {}
        self._online: int | None = None
        self._offline = 0
        self._counts: Counter[str] = Counter()
        self._open: dict[int, str] = {}

    def add(self, op: Op) -> None:
        with self._lock:
            if op.f in COUNTED:
                self._counts[op.type] += 1
            elif op.f == "view" and op.actor in self._clients:
                self._online, self._offline = len(op.value["online"]), len(op.value["offline"])
            elif op.actor == NEMESIS:
                self._fault(op)
            elif op.actor == HARNESS and op.f == "phase":
                self._phase(op)

    def _fault(self, op: Op) -> None:
        if op.f == "heal" and op.type != "invoke":
            self._open.pop(op.value["step"], None)
        elif op.f not in ("heal", "skip") and op.type == "invoke":
            self._open[op.value["step"]] = fault_text(op)

    def _phase(self, op: Op) -> None:
        if op.type == "invoke":
            self.current, self._began_ns = op.value["phase"], op.time_ns
            self._zero_ns = op.time_ns if self.current == "run" else self._zero_ns
        else:
            self._took_s[op.value["phase"]] = (op.time_ns - self._began_ns) / 1e9
            self.current = None

    def elapsed_s(self) -> float:
        return (time.monotonic_ns() - self._began_ns) / 1e9

    def ended_s(self, phase: str) -> float | None:
        return self._took_s.get(phase)

    def since_run_s(self, op: Op) -> float:
        """When what `op` proves was begun, in seconds since the run phase began."""
        return (op.time_ns - self._zero_ns) / 1e9 - float(op.value.get("after_s", 0.0))

    def lines(self) -> list[str]:
        """Short enough for 80 columns, but for many open faults."""
        with self._lock:
            online, offline, counts, faults = self._online, self._offline, self._counts.copy(), [*self._open.values()]
        lines = []
        if online is not None:
            lines.append(f"online in etcd {online}/{online + offline}")
        if counts:
            told = (("ok", "ok"), ("fail", "failed"), ("info", "unanswered"))
            lines.append(f"operations: {', '.join(f'{counts[kind]:,} {word}' for kind, word in told)}")
        if faults:
            lines.append(f"open: {', '.join(faults)}")
        return lines


def planned_s(plan: Plan) -> float | None:
    """How long the run phase should last; None where a step waits for a condition and nothing gives a duration."""
    waits = any(step.at_s is None for step in plan.steps)
    return None if waits and plan.duration_s is None else run_s(plan)


def progress_for(plan: Plan, stderr: IO[str], *, quiet: bool = False, verbose: bool = False) -> Progress:
    """What suits: nothing when quiet, a live display on a terminal, else plain lines; `stderr` need not last."""
    if quiet:
        return Quiet()
    stderr = lasting(stderr)
    if not stderr.isatty():
        return Plain(plan, stderr, verbose)
    from harness.report.display import Display  # rich comes with it, which takes its time to be imported

    return Display(plan, stderr, verbose)


def _told(op: Op) -> str:
    what = f"{op.f} {fault_text(op)}" if op.f in ("heal", "skip") else fault_text(op)
    proof = op.error or op.value.get("effect") or op.value.get("heal") or op.type
    took = f" in {span_text(op.value['after_s'])}" if proof in ("proven", "absent") else ""
    return f"{what}: {proof}{took}"
