"""A run whose cluster stays when its verdict is told, to be looked into."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from harness import run
from harness.attempt import Running
from harness.core.plan import Plan
from harness.daemon.detached import Starter
from harness.daemon.place import Place
from harness.daemon.staying import Stay
from harness.daemon.watched import Watched
from harness.errors import InputError
from harness.hands import Hands
from harness.load import diary_of
from harness.report.progress import Progress
from harness.report.result import Result
from harness.report.run_dir import RunDir
from harness.run import check
from harness.scenario.model import Scenario

Tell = Callable[[Result], None]


class Keeping:
    """
    `adjust` is done to every plan of the scenario; `tell` shows a verdict, which the starter is told too; `always`: it
    stays also where that is as expected.
    """

    def __init__(
        self,
        place: Place,
        plan: Plan,
        scenario: Scenario,
        adjust: Callable[[Plan], Plan],
        *,
        always: bool,
        starter: Starter,
        tell: Tell,
    ) -> None:
        self._place, self._plan, self._scenario, self._adjust = place, plan, scenario, adjust
        self._always, self._starter, self._tell = always, starter, tell
        self._has_stayed = False

    def run(self, progress: Progress, engine: str, **options: Any) -> int:
        """Carry out the plan; the exit code of a run that did not stay. Raises as `run` does."""
        self._watched, self._engine = Watched(progress), engine
        with ExitStack() as self._at_the_end:
            result = run(self._plan, self._scenario, progress=self._watched, before_stop=self._before_stop, **options)
        if not self._has_stayed:
            self._tell(result)
            self._starter.tell(result.to_json())
        return result.exit_code

    def _before_stop(self, run_dir: RunDir, running: Running) -> None:
        running.flush()
        result = check(run_dir.path, is_over=False)
        if result.as_expected and not self._always:
            return
        try:
            lock = self._place.claim()
        except InputError as error:
            self._watched.note(f"not kept up: {error}")
            return
        diary = diary_of(self._scenario, self._plan)
        hands = Hands(diary, self._plan, run_dir, self._adjust, goes_on=True)
        hands.take(running, self._adjust(diary.plan()))
        self._watched.close()
        run_dir.write_result(result)
        self._tell(result)
        self._has_stayed = True
        stay = self._at_the_end.enter_context(Stay(self._place, lock, self._watched))
        stay.hold(hands, self._engine, self._starter, result.to_json())
        if stay.is_judged:
            running.injector.heal_all()
            hands.sum_up()
