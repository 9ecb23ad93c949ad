"""A cluster that somebody holds: faults one at a time, questions in between, a verdict in the end."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from harness.attempt import Attempt
from harness.cluster.budget import Admission
from harness.core.plan import Plan
from harness.hands import Hands
from harness.report.progress import Progress, Quiet
from harness.report.result import Result
from harness.report.run_dir import RunDir
from harness.run import check, runtime_for, told_where
from harness.scenario.diary import Diary


class Live(Hands):
    """A cluster between `start` and `finish`, or as a context."""

    def __init__(
        self,
        diary: Diary,
        *,
        runs: Path = Path("runs"),
        adjust: Callable[[Plan], Plan] = lambda plan: plan,
        admission: Admission | None = None,
        progress: Progress | None = None,
        goes_on: bool = False,
    ) -> None:
        """
        `adjust` is done to every plan; `goes_on`: a node that dies unasked ends nothing. Raises InputError, starts
        nothing.
        """
        plan = adjust(diary.plan())
        runtime = runtime_for(plan, "auto")
        super().__init__(diary, plan, RunDir.create(runs, plan.scenario, plan.seed), adjust, goes_on=goes_on)
        folder, shown = Path(diary.file).resolve().parent, progress or Quiet()
        self._attempt = Attempt(plan, self.run_dir, runtime, shown, folder, admission=admission, goes_on=goes_on)
        self._held = ExitStack()
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
    def seed(self) -> int:
        return self.plan.seed

    @property
    def engine(self) -> str:
        """The URL of the engine that its containers are in, empty where it has none."""
        return self._attempt.engine

    def start(self) -> None:
        """Until all nodes are ready."""
        self.write_down()
        with told_where(self.run_dir):
            self._running = self._held.enter_context(self._attempt.running())

    def finish(self) -> Result:
        """Heal what is open, wait until views agree, stop, and judge; once, then the same result again."""
        if self._result is None:
            self._running = None
            with told_where(self.run_dir):
                try:
                    self._held.close()
                finally:
                    self.write_down()
                self._result = check(self.run_dir.path)
                self.run_dir.write_result(self._result)
        return self._result

    def abandon(self) -> None:
        """Stop at once, without a verdict."""
        self._running = None
        self._attempt.give_up()
        self._held.close()
