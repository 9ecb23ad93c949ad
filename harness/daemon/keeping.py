"""A run whose cluster stays when its verdict is told, to be looked into."""

from collections.abc import Callable
from typing import Any

from harness import run
from harness.attempt import Running
from harness.core.plan import Plan
from harness.daemon.detached import Ready
from harness.daemon.place import Place
from harness.daemon.staying import Stay
from harness.daemon.watched import Watched
from harness.hands import Hands
from harness.load import diary_of
from harness.report.progress import Progress
from harness.report.result import Result
from harness.report.run_dir import RunDir
from harness.run import check
from harness.scenario.model import Scenario

Tell = Callable[[Result], Any]


class Keeping:
    """`tell` shows a verdict, and gives what the command is to hear of it; `always`: also of one as expected."""

    def __init__(
        self, place: Place, lock: int, plan: Plan, scenario: Scenario, *, always: bool, ready: Ready, tell: Tell
    ) -> None:
        self._place, self._lock, self._plan, self._scenario = place, lock, plan, scenario
        self._always, self._ready, self._tell = always, ready, tell
        self._is_told = False

    def run(self, progress: Progress, engine: str, **options: Any) -> int:
        """Carry out the plan; the exit code, where the command has not heard of a verdict before. Raises as `run`."""
        self._watched, self._engine = Watched(progress), engine
        with Stay(self._place, self._lock, self._watched) as self._stay:
            result = run(self._plan, self._scenario, progress=self._watched, before_stop=self._before_stop, **options)
        if not self._is_told:
            self._tell(result)
        return result.exit_code

    def _before_stop(self, run_dir: RunDir, running: Running) -> None:
        running.flush()
        result = check(run_dir.path, is_over=False)
        if result.as_expected and not self._always:
            return
        diary = diary_of(self._scenario, self._plan)
        hands = Hands(diary, self._plan, run_dir, lambda plan: plan, goes_on=True)
        hands.take(running, diary.plan())
        self._watched.close()
        run_dir.write_result(result)
        told, self._is_told = self._tell(result), True
        self._stay.hold(hands, self._engine, self._ready, told)
