"""Carries out the steps of a plan side by side, each when it is due and as long as it lasts."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, Protocol

from harness.core.lasting import lasts_s
from harness.core.plan import Plan, Step, When
from harness.errors import ClusterError
from harness.faults import fault_of
from harness.injector import Injector, led
from harness.scenario.draft import LEADER
from harness.scenario.timeline import spans_of

States = Callable[[], Mapping[str, Literal["online", "offline"]]]

_TICK_S = 0.02


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
    One thread a step while `run` lasts. `states` says which workers are online and offline right now; `leader` which
    member of etcd leads.

    Steps overlap freely but for two on one process: the later in plan order waits until the earlier is over.
    """

    def __init__(
        self,
        plan: Plan,
        injector: Injector,
        states: States,
        *,
        leader: Callable[[], str],
        clock: Clock | None = None,
    ) -> None:
        self._plan, self._injector, self._states = plan, injector, states
        self._clock, self._leader = clock or Monotonic(), leader
        self._zero_ns = 0
        self._over, self._ended = threading.Event(), [threading.Event() for _ in plan.steps]
        self._skipped: dict[int, str] = {}
        self._spans = spans_of(plan.steps)

    @property
    def skipped(self) -> dict[int, str]:
        """Why a step was not begun, by its index in the plan."""
        return dict(self._skipped)

    def run(self, stop: threading.Event) -> None:
        """
        From now, `at_s` zero, to the plan's end, or until `stop` is set (Ctrl-C sets it too); what is open then is left
        to the injector's `heal_all`.

        A step that fails is recorded, and raises nothing; only what recording raises comes out here.
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
            is_in_place = self._injector.inject(index, self._led(step), due_ns)
            lasts = lasts_s(step)
            if not is_in_place or (lasts is not None and not self._clock.wait(self._over, lasts)):
                self._injector.heal(index)
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
        return set(self._plan.etcd.members if targets == (LEADER,) else targets)

    def _led(self, step: Step) -> Step:
        try:
            return led(step, self._leader)
        except ClusterError as error:
            raise _NotBegun(f"which member of etcd leads could not be found: {error}") from error

    def _skip(self, index: int, step: Step, reason: str) -> None:
        self._skipped[index] = reason
        self._injector.skip(index, step, reason)

    def _seconds_to(self, since_ns: int, seconds: float) -> float:
        return seconds - (self._clock.now_ns() - since_ns) / 1e9
