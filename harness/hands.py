"""What somebody does by hand to a cluster that runs, and asks of it."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any

from harness.answers import Injected, Lookup, Read
from harness.attempt import Running
from harness.cluster.wait import Interrupted
from harness.core.history import WORKLOAD
from harness.core.lasting import is_for_good, lasts_s
from harness.core.plan import Plan, Step
from harness.core.properties import parse_duration
from harness.errors import ClusterError, InputError
from harness.faults import fault_of
from harness.faults.fault import State
from harness.injector import led
from harness.report.run_dir import RunDir
from harness.scenario.diary import Diary
from harness.scenario.forms import given_as
from harness.scenario.turns import must_be_fit

_ANSWER_S = 10.0
_WITHIN = "30s"


class Hands:
    """
    Who holds a cluster says when it runs (`_running`). What is done to it goes into
    the diary, which the run's folder gets at each step as the scenario that does the same: whoever is killed leaves
    what they did. Every method raises ClusterError when the cluster does not obey, or a node of it has died; all may be
    called from any thread.
    """

    def __init__(
        self, diary: Diary, plan: Plan, run_dir: RunDir, adjust: Callable[[Plan], Plan], *, goes_on: bool = False
    ) -> None:
        """`plan` is the diary's; `adjust` is done to every later one; `goes_on`: also where the disk is full."""
        self._goes_on, self.unwritten = goes_on, ""
        self._diary, self._plan, self.run_dir, self._adjust = diary, plan, run_dir, adjust
        self._lock, self._numbers = threading.RLock(), count(1)
        self._summing = threading.Lock()
        self._begun_ns = dict[int, int]()
        self._running: Running | None = None

    @property
    def running(self) -> Running:
        """Raises ClusterError where it does not run."""
        with self._obeying() as running:
            return running

    def take(self, running: Running, plan: Plan) -> None:
        """The cluster that runs; it gets the nodes that this plan has more."""
        self._running, self._plan = running, plan
        running.grow(plan)

    @property
    def plan(self) -> Plan:
        """As it is now: who joined since is in it."""
        return self._plan

    @property
    def steps(self) -> Sequence[Step]:
        """All that was done, in the order of its beginning."""
        return self._diary.steps

    @property
    def workers(self) -> tuple[str, ...]:
        """Those that were there from the start, and those that joined since."""
        return self._plan.workers + self._plan.joiners

    @property
    def clients(self) -> tuple[str, ...]:
        return self._plan.clients

    @property
    def keys(self) -> tuple[str, ...]:
        """What clients look up and read."""
        return self._plan.workload.keys

    def inject(self, fault: str, what: Any = None, /, *, for_: str | None = None, **fields: Any) -> Injected:
        """
        Break something as a step of a scenario does: `inject("pause", "worker-1")`, `inject("partition", [["worker-1"],
        "rest"])`, `inject("restart", worker="worker-2", down_for="2s")`. Returns once the fault is in place; where it
        has an end of its own (`for_="2s"`, a restart, a join) once that is over.

        Raises InputError when there is no such fault, or it can't be done now.
        """
        injected = self.begin(fault, given_as(what, fields), None if for_ is None else parse_duration(for_))
        self.wait_and_heal(injected)
        return injected

    def begin(self, fault: str, given: Any, for_s: float | None) -> Injected:
        """As `inject`, but for what stands behind the fault's name in a scenario; returns once it is in place."""
        with self._obeying() as running:
            self._wait_for_turn()
            due_ns = time.monotonic_ns()
            index, step = self._noted(fault, given, due_ns, for_s, running)
            named = self._led(index, step, running)
            if not running.injector.inject(index, named, due_ns):
                why = running.injector.error(index)
                running.injector.heal(index)
                with self._lock:
                    self._diary.void(index)
                    self.write_down()
                raise ClusterError(f"{fault} could not be injected: {why}")
        return Injected(index, named, partial(self.heal_one, index))

    def wait_and_heal(self, injected: Injected) -> None:
        """What has an end of its own is over when this returns."""
        lasts = lasts_s(injected.step)
        if lasts is not None:
            with self._obeying() as running:
                running.cluster.wait(lasts)
                self._undo(injected.index, injected.step, running)

    def heal(self) -> None:
        """Everything that is open, but what was killed for good; where one fails the others are healed all the same."""
        with self._obeying() as running:
            self.heal_all(index for index in running.injector.open() if not is_for_good(self._diary.steps[index]))

    def heal_all(self, indexes: Iterable[int]) -> None:
        """
        Each as `heal_one` does, also where another one failed; etcd first, which others need for it.

        Raises ClusterError with all that failed.
        """
        failed, members = list[str](), {*self._plan.etcd.members}
        for index in sorted(indexes, key=lambda index: members.isdisjoint(self._targets(index))):
            try:
                self.heal_one(index)
            except ClusterError as error:
                failed.append(str(error))
        if failed:
            raise ClusterError("; ".join(failed))

    def heal_one(self, index: int) -> None:
        """
        The step of this index, also one that was meant to last; nothing where it is healed already. One whose heal
        failed is open still.
        """
        with self._obeying() as running:
            self._wait_for_turn()
            if index in running.injector.open():
                with self._lock:
                    step = self._diary.end(index, (time.monotonic_ns() - self._begun_ns[index]) / 1e9)
                    self.write_down()
                self._undo(index, step, running)

    def wait_online(self, *workers: str, within: str = _WITHIN) -> float:
        """Until these workers, or all that were there from the start, are online in etcd; the seconds it took."""
        return self._wait("online", workers, within)

    def wait_offline(self, *workers: str, within: str = _WITHIN) -> float:
        """Until these workers, or all, are registered and not alive in etcd; the seconds it took."""
        return self._wait("offline", workers, within)

    def wait_agreed(self, within: str = _WITHIN) -> float:
        """Until the view of every running node shows just the running workers; the seconds it took."""
        with self._obeying() as running:
            status = running.status
            return running.cluster.seconds_until(
                "views agree", status.views_agree, parse_duration(within), status.disagreement
            )

    def states(self) -> Mapping[str, State]:
        """The workers that are registered, as etcd's log has them now: `online` or `offline`."""
        with self._obeying() as running:
            return running.status.membership()

    def lookup(self, key: str, client: str | None = None) -> Lookup:
        """Who owns a key, as a client (the first, where none is named) says."""
        value = self._asked("lookup", key, client)
        return Lookup(self._name(value["owner"]), value["revision"])

    def read(self, key: str, client: str | None = None) -> Read:
        """Have a client read a key."""
        value = self._asked("read", key, client)
        owner, served_by = self._name(value["owner"]), self._name(value["served_by"])
        return Read(owner, served_by, value["length"], value["sha256"])

    def sum_up(self) -> None:
        """Record what a run is judged by at its end, so far as that can be."""
        with self._obeying() as running, self._summing:
            running.sum_up()

    def _wait_for_turn(self) -> None:
        """Nothing begins or ends while it is being summed up."""
        with self._summing:
            pass

    def since_s(self, index: int) -> float:
        """How long ago a step began; 0 for one of a plan."""
        return (time.monotonic_ns() - self._begun_ns[index]) / 1e9 if index in self._begun_ns else 0.0

    def _targets(self, index: int) -> tuple[str, ...]:
        return fault_of(self._diary.steps[index]).targets_in(self._plan.names)

    def write_down(self) -> None:
        """What was done so far. Where it goes on all the same, `unwritten` says what kept it from being written."""
        with self._lock:
            self._write_down()

    def _write_down(self) -> None:
        try:
            self.run_dir.write_scenario(self._diary.text())
            self.run_dir.write_plan(self._adjust(self._diary.plan()))
            self.unwritten = ""
        except ClusterError as error:
            if not self._goes_on:
                raise
            self.unwritten = str(error)

    def _noted(self, fault: str, given: Any, due_ns: int, for_s: float | None, running: Running) -> tuple[int, Step]:
        """The step in the diary, and place for whoever comes by it. Raises InputError where it can't be done now."""

        def must_fit(step: Step) -> None:
            must_be_fit(step, {index: self.steps[index] for index in running.injector.open()}, self._plan.names)

        with self._lock:
            index, step = self._diary.begin(fault, given, (due_ns - running.zero_ns) / 1e9, for_s, must_fit)
            self._begun_ns[index] = due_ns
            self.write_down()
            plan = self._adjust(self._diary.plan())
            running.grow(plan)
            self._plan = plan
        return index, step

    def _asked(self, do: str, key: str, client: str | None) -> dict[str, Any]:
        if client not in (None, *self.clients) or not self.clients:
            raise InputError(f"no client is called {client!r}; there are {', '.join(self.clients) or 'none'}")
        with self._obeying() as running:
            number, status = -next(self._numbers), running.status
            running.cluster.node(WORKLOAD).tell(do, client=client or self.clients[0], key=key, number=number)
            running.cluster.seconds_until(f"{do} of {key}", lambda: status.answer(number) is not None, _ANSWER_S)
            answer = status.answer(number)
        if answer is None or answer.type != "ok":
            raise ClusterError(f"{do} of {key}: {answer.error if answer else 'no answer'}")
        return answer.value

    def _wait(self, state: State, workers: tuple[str, ...], within: str) -> float:
        names = workers or self._plan.workers
        if unknown := [name for name in names if name not in self.workers]:
            raise InputError(f"no worker is called {unknown[0]!r}; there are {', '.join(self.workers)}")
        with self._obeying() as running:
            membership = running.status.membership

            def others() -> str:
                states = membership()
                return ", ".join(f"{name} is {states.get(name, 'not registered')}" for name in names)

            def is_so() -> bool:
                states = membership()
                return all(states.get(name) == state for name in names)

            return running.cluster.seconds_until(f"{', '.join(names)} {state}", is_so, parse_duration(within), others)

    def _led(self, index: int, step: Step, running: Running) -> Step:
        try:
            return led(step, running.cluster.leader)
        except ClusterError as error:
            running.injector.skip(index, step, str(error))
            raise

    def _undo(self, index: int, step: Step, running: Running) -> None:
        """Raises ClusterError where that fails; it is open still then."""
        if not running.injector.heal(index, step):
            running.injector.reopen(index)
            raise ClusterError(f"{step.fault} could not be healed: {running.injector.error(index)}")

    @contextmanager
    def _obeying(self) -> Iterator[Running]:
        if self._running is None:
            raise ClusterError("the cluster does not run: it was not started, or is finished")
        try:
            yield self._running
        except Interrupted:
            raise ClusterError(self._running.why_ended() or "the cluster is being stopped") from None

    def _name(self, identity: Any) -> Any:
        """Of an identity its node; anything else stays as it is."""
        names = {identity: name for name, identity in self._plan.identities.items()}
        return names.get(identity, identity)
