"""A cluster that somebody holds: faults one at a time, questions in between, a verdict in the end."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Self

from harness.attempt import Attempt, Running
from harness.cluster.budget import Admission
from harness.cluster.wait import Interrupted
from harness.core.history import WORKLOAD, Op
from harness.core.lasting import is_for_good, lasts_s
from harness.core.plan import Plan, Step
from harness.core.properties import parse_duration
from harness.errors import ClusterError, InputError
from harness.faults.fault import State
from harness.injector import led
from harness.report.progress import Quiet
from harness.report.result import Result
from harness.report.run_dir import RunDir
from harness.run import check, runtime_for, told_where
from harness.scenario.diary import Diary
from harness.scenario.forms import ROLES

_ANSWER_S = 10.0
_WITHIN = "30s"


@dataclass(frozen=True)
class Lookup:
    """What a client answered, at which revision of its view; `owner` is a worker's name. A guest may not know."""

    owner: str | None
    revision: int | None


@dataclass(frozen=True)
class Read:
    """What a client got: `length` bytes with that hash, from a worker by name or from `ufs`."""

    owner: str | None
    served_by: str
    length: int
    sha256: str


class Injected:
    """A fault that was injected; as a context it is healed at the end."""

    def __init__(self, step: Step, heal: Callable[[], None]) -> None:
        self.name, self.targets, self.heal = step.fault, tuple(step.params.get("targets", ())), heal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.heal()


class Live:
    """
    A cluster between `start` and `finish`, or as a context. What is done to it goes into its diary, which the run's
    folder gets at each step as the scenario that does the same: whoever is killed leaves what they did. Every method
    raises ClusterError when the cluster does not obey, or a node of it has died.
    """

    def __init__(
        self,
        diary: Diary,
        *,
        runs: Path = Path("runs"),
        joiners: int = 0,
        adjust: Callable[[Plan], Plan] = lambda plan: plan,
        admission: Admission | None = None,
    ) -> None:
        """`joiners` is how many workers may join; `adjust` is done to every plan. Raises InputError, starts nothing."""
        self._diary, self._adjust = diary, adjust
        self._plan = adjust(diary.start(joiners))
        runtime = runtime_for(self._plan, "auto")
        self.run_dir = RunDir.create(runs, self._plan.scenario, self._plan.seed)
        folder = Path(diary.file).resolve().parent
        self._attempt = Attempt(self._plan, self.run_dir, runtime, Quiet(), folder, admission=admission)
        self._held, self._numbers, self._zero_ns = ExitStack(), count(1), 0
        self._begun_ns = dict[int, int]()
        self._running: Running | None = None
        self._result: Result | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Who presses Ctrl-C wants no verdict."""
        if kind is None or issubclass(kind, Exception):
            self.finish()
        else:
            self.abandon()

    @property
    def workers(self) -> tuple[str, ...]:
        return self._plan.workers

    @property
    def clients(self) -> tuple[str, ...]:
        return self._plan.clients

    @property
    def keys(self) -> tuple[str, ...]:
        """What clients look up and read."""
        return self._plan.workload.keys

    @property
    def seed(self) -> int:
        return self._plan.seed

    def start(self) -> None:
        """Until all nodes are ready."""
        self._write_down()
        with told_where(self.run_dir):
            self._running = self._held.enter_context(self._attempt.running())
        self._zero_ns = time.monotonic_ns()

    def finish(self) -> Result:
        """Heal what is open, wait until views agree, stop, and judge; once, then the same result again."""
        if self._result is None:
            self._running = None
            with told_where(self.run_dir):
                try:
                    self._held.close()
                finally:
                    self._write_down()
                self._result = check(self.run_dir.path)
                self.run_dir.write_result(self._result)
        return self._result

    def abandon(self) -> None:
        """Stop at once, without a verdict."""
        self._running = None
        self._attempt.give_up()
        self._held.close()

    def inject(self, fault: str, what: Any = None, /, *, for_: str | None = None, **fields: Any) -> Injected:
        """
        Break something as a step of a scenario does: `inject("pause", "worker-1")`, `inject("partition", [["worker-1"],
        "rest"])`, `inject("restart", worker="worker-2", down_for="2s")`. Returns once the fault is in place; where it
        has an end of its own (`for_="2s"`, a restart, a join) once that is over.

        Raises InputError when there is no such fault, or it can't be done now.
        """
        with self._obeying() as running:
            due_ns = time.monotonic_ns()
            at_s, for_s = (due_ns - self._zero_ns) / 1e9, None if for_ is None else parse_duration(for_)
            index, step = self._diary.begin(fault, _given(what, fields), at_s, for_s)
            self._begun_ns[index] = due_ns
            self._write_down()
            named = self._led(index, step, running)
            if not running.injector.inject(index, named, due_ns):
                running.injector.heal(index)
                raise ClusterError(f"{fault} could not be injected; {self.run_dir.history} tells why")
            lasts = lasts_s(step)
            if lasts is not None:
                running.cluster.wait(lasts)
                self._must_be_healed(fault, running.injector.heal(index))
        return Injected(named, partial(self._heal, index))

    def heal(self) -> None:
        """Everything that is open, one after the other, but what was killed for good."""
        with self._obeying() as running:
            for index in running.injector.open():
                if not is_for_good(self._diary.steps[index]):
                    self._heal(index)

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

    def _asked(self, do: str, key: str, client: str | None) -> dict[str, Any]:
        if client not in (None, *self.clients) or not self.clients:
            raise InputError(f"no client is called {client!r}; there are {', '.join(self.clients) or 'none'}")
        with self._obeying() as running:
            number, status = -next(self._numbers), running.status
            running.cluster.node(WORKLOAD).tell(do, client=client or self.clients[0], key=key, number=number)
            running.cluster.seconds_until(f"{do} of {key}", lambda: status.answer(number) is not None, _ANSWER_S)
            answer = status.answer(number)
        if answer is None or answer.type != "ok":
            raise ClusterError(_why(do, key, answer))
        return answer.value

    def _wait(self, state: State, workers: tuple[str, ...], within: str) -> float:
        names = workers or self.workers
        if unknown := [name for name in names if name not in (*self._plan.workers, *self._plan.joiners)]:
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

    def _heal(self, index: int) -> None:
        with self._obeying() as running:
            if index in running.injector.open():
                step = self._diary.end(index, (time.monotonic_ns() - self._begun_ns[index]) / 1e9)
                self._write_down()
                self._must_be_healed(step.fault, running.injector.heal(index, step))

    def _must_be_healed(self, fault: str, is_healed: bool) -> None:
        if not is_healed:
            raise ClusterError(f"{fault} could not be healed; {self.run_dir.history} tells why")

    @contextmanager
    def _obeying(self) -> Iterator[Running]:
        if self._running is None:
            raise ClusterError("the cluster does not run: it was not started, or is finished")
        try:
            yield self._running
        except Interrupted:
            raise ClusterError(self._attempt.epitaph or "the cluster is being stopped") from None

    def _write_down(self) -> None:
        """What was done so far."""
        self.run_dir.write_scenario(self._diary.text())
        self.run_dir.write_plan(self._adjust(self._diary.plan()))

    def _name(self, identity: Any) -> Any:
        """Of an identity its node; anything else stays as it is."""
        names = {identity: name for name, identity in self._plan.identities.items()}
        return names.get(identity, identity)


def _why(do: str, key: str, answer: Op | None) -> str:
    return f"{do} of {key}: {answer.error if answer else 'no answer'}"


def _given(what: Any, fields: Mapping[str, Any]) -> Any:
    """What a scenario has behind a fault's name; targets and fields together are its long form."""
    named = {name.rstrip("_"): value for name, value in fields.items()}
    if what is None or not named:
        return named if what is None else what
    first = str(what if isinstance(what, str) else next(iter(what), ""))
    role = next((role for role in ROLES if first.startswith(role)), "etcd" if first == "leader" else "worker")
    return {role: what, **named}
