"""Carries out the steps of a plan side by side, proves and records each, and heals whatever is still open."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import count
from typing import Any, Literal, Protocol

from harness.core.history import NEMESIS, Op, OpType
from harness.core.lasting import PROCEDURES, is_for_good, lasts_s
from harness.core.plan import Plan, Step, When
from harness.errors import ClusterError, HarnessError
from harness.faults import fault_of
from harness.faults.fault import Cluster, Cuts, Fault, Proof
from harness.scenario.timeline import spans_of

Record = Callable[[Op], object]
States = Callable[[], Mapping[str, Literal["online", "offline"]]]

_TICK_S = 0.02
_LEADER = ("leader",)


class Clock(Protocol):
    def now_ns(self) -> int: ...
    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Until the event is set, at most so long; whether it is."""
        ...


class Monotonic:
    """The machine's one monotonic clock."""

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(max(0.0, seconds))


class _NotBegun(Exception):
    """A step is not begun; the text says why."""


class Nemesis:
    """
    One thread a step while `run` lasts. `record` is called from all of them and has to be safe for that; `states` says
    which workers are online and offline right now; `leader` which member of etcd leads.

    Steps overlap freely but for two on one process: the later in plan order waits until the earlier is over. Steps that
    cut links take turns with their proofs, so that none sees another one's change as its own.
    """

    def __init__(
        self,
        plan: Plan,
        cluster: Cluster,
        record: Record,
        states: States,
        *,
        clock: Clock | None = None,
        leader: Callable[[], str] | None = None,
    ) -> None:
        self._plan, self._cluster, self._record, self._states = plan, cluster, record, states
        self._clock, self._leader = clock or Monotonic(), leader
        self._ids, self._zero_ns = count(1), 0
        self._over, self._ended = threading.Event(), [threading.Event() for _ in plan.steps]
        self._lock, self._links = threading.Lock(), threading.Lock()
        self._open: dict[int, Fault] = {}
        self._skipped: dict[int, str] = {}
        self._spans = spans_of(plan.steps)

    @property
    def skipped(self) -> dict[int, str]:
        """Why a step was not begun, by its index in the plan."""
        return dict(self._skipped)

    def run(self, stop: threading.Event) -> None:
        """
        From now, `at_s` zero, to the plan's end, or until `stop` is set (Ctrl-C sets it too); what is open then is left
        to `heal_all`.

        A step that fails is recorded, and raises nothing; only what `record` raises comes out here.
        """
        self._zero_ns = self._clock.now_ns()
        with ThreadPoolExecutor(max(1, len(self._plan.steps)), "nemesis") as pool:
            steps = [pool.submit(self._carry_out, index) for index in range(len(self._plan.steps))]
            try:
                self._wait_for_the_end(stop)
            except BaseException:
                stop.set()  # so that no step goes on waiting for its proof
                raise
            finally:
                self._over.set()
                for ended in self._ended:
                    ended.set()
        for step in steps:
            step.result()

    def heal_all(self) -> None:
        """Heal everything that is open, at the same time: one that fails or hangs keeps no other from being healed."""
        with self._lock:
            indexes = sorted(self._open)
        with ThreadPoolExecutor(max(1, len(indexes)), "heal") as pool:
            heals = [pool.submit(self._heal, index) for index in indexes]
        for heal in heals:
            heal.result()

    def _wait_for_the_end(self, stop: threading.Event) -> None:
        if self._plan.duration_s is not None:
            self._clock.wait(stop, self._seconds_to(self._zero_ns, self._plan.duration_s))
            return
        while not all(ended.is_set() for ended in self._ended):
            if self._clock.wait(stop, _TICK_S):
                return
        self._clock.wait(stop, self._plan.tail_s)

    def _carry_out(self, index: int) -> None:
        step = self._plan.steps[index]
        try:
            due_ns = self._wait_until_due(index, step)
            self._wait_for_turn(index)
            fault = fault_of(self._led(step))
            is_in_place = self._inject(index, step, fault, due_ns)
            lasts = lasts_s(step)
            if not is_in_place or (lasts is not None and not self._clock.wait(self._over, lasts)):
                self._heal(index)
        except _NotBegun as reason:
            self._skip(index, step, str(reason))
        finally:
            self._ended[index].set()

    def _wait_until_due(self, index: int, step: Step) -> int:
        """When the step was to begin. Raises _NotBegun when that never comes."""
        if step.when is None:
            due_s = step.at_s or 0.0
            if self._clock.wait(self._over, self._seconds_to(self._zero_ns, due_s)):
                raise _NotBegun("the run ended before it was due")
            return self._zero_ns + round(due_s * 1e9)
        if index:
            self._ended[index - 1].wait()
        self._wait_when(step.when)
        if self._clock.wait(self._over, step.when.after_s):
            raise _NotBegun("the run ended before it was due")
        return self._clock.now_ns()

    def _wait_when(self, when: When) -> None:
        began_ns, within_s = self._clock.now_ns(), when.within_s * self._plan.time_scale
        while (missing := self._missing(when)) is not None:
            if self._seconds_to(began_ns, within_s) <= 0:
                raise _NotBegun(f"not {when.state} within {within_s:g} s: {missing}")
            if self._clock.wait(self._over, _TICK_S):
                raise _NotBegun(f"the run ended while it waited until {when.state}: {missing}")

    def _missing(self, when: When) -> str | None:
        """Who keeps the condition from holding, None when it holds."""
        try:
            states = self._states()
        except ClusterError as error:
            return str(error)
        if when.count is not None:
            there = sum(state == when.state for state in states.values())
            return None if there >= when.count else f"{there} of {when.count} workers"
        return ", ".join(name for name in when.names if states.get(name) != when.state) or None

    def _wait_for_turn(self, index: int) -> None:
        """Until no earlier step has the process of one of this step's nodes."""
        mine = self._spans[index]
        for span in sorted(self._spans, key=lambda span: span.order):
            if mine.waits_for(span) and self._holds(index) & self._holds(span.index):
                self._ended[span.index].wait()
        if self._over.is_set():
            raise _NotBegun("the run ended before its turn came")

    def _holds(self, index: int) -> set[str]:
        """The nodes of a step; a leader may be any member of etcd."""
        targets = fault_of(self._plan.steps[index]).targets_in(self._plan.names)
        return set(self._plan.etcd.members if targets == _LEADER else targets)

    def _led(self, step: Step) -> Step:
        """The step with etcd's leader by name."""
        if step.params.get("targets") != list(_LEADER):
            return step
        if self._leader is None:
            raise _NotBegun("nobody here knows which member of etcd leads")
        try:
            return replace(step, params={**step.params, "targets": [self._leader()]})
        except ClusterError as error:
            raise _NotBegun(f"which member of etcd leads could not be found: {error}") from error

    def _inject(self, index: int, step: Step, fault: Fault, due_ns: int) -> bool:
        """Whether the fault is in place, so far as that was not refused."""
        names = self._cluster.names
        value: dict[str, Any] = {"step": index, "targets": list(fault.targets_in(names))}
        cuts = fault.cuts(names)
        if cuts:
            value["cuts"] = [[list(sources), list(targets)] for sources, targets in cuts]
        with self._turn_at_links(cuts):
            value["late_s"] = round((self._clock.now_ns() - due_ns) / 1e9, 3)
            with self._lock:
                self._open[index] = fault
            return self._prove(step.fault, value, "effect", lambda: fault.inject(self._cluster))

    def _heal(self, index: int) -> None:
        """Once for each that was begun; a fault that is meant to last is only told to do so."""
        with self._lock:
            fault = self._open.pop(index, None)
        if fault is None:
            return
        step, names = self._plan.steps[index], self._cluster.names
        value = {"step": index, "fault": step.fault, "targets": list(fault.targets_in(names))}
        stays = is_for_good(step) and step.fault not in PROCEDURES
        with self._turn_at_links(fault.cuts(names)):
            self._prove("heal", value, "heal", _stays if stays else lambda: fault.heal(self._cluster))

    def _prove(self, f: str, value: dict[str, Any], what: str, act: Callable[[], Proof]) -> bool:
        """Act, and record it with its proof, or with the error that it ended in."""
        number = next(self._ids)
        self._keep("invoke", f, value, number)
        try:
            proof = act()
        except Exception as error:  # whatever it is, the others must still be healed, and the history tells it
            said = str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
            self._keep("fail", f, value, number, said)
            return False
        seen = {what: proof.outcome, "after_s": round(proof.after_s, 3), "detail": proof.detail}
        self._keep("ok", f, value | seen, number)
        return True

    def _skip(self, index: int, step: Step, reason: str) -> None:
        self._skipped[index] = reason
        self._keep("info", "skip", {"step": index, "fault": step.fault}, 0, reason)

    def _keep(self, type_: OpType, f: str, value: dict[str, Any], number: int, error: str | None = None) -> None:
        self._record(Op(self._clock.now_ns(), NEMESIS, type_, f, value, error, number))

    def _turn_at_links(self, cuts: Cuts) -> AbstractContextManager[object]:
        return self._links if cuts else nullcontext()

    def _seconds_to(self, since_ns: int, seconds: float) -> float:
        return seconds - (self._clock.now_ns() - since_ns) / 1e9


def _stays() -> Proof:
    return Proof("not-applicable", detail="it has no for: it is meant to stay down")
