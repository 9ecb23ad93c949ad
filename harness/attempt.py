"""The part of a run that needs a cluster: start, run, heal, settle, stop; what comes of it is the history."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from harness.checks.identities import NoPrematureEviction
from harness.checks.judging import why_not_judged
from harness.cluster.budget import Admission
from harness.cluster.cluster import Cluster
from harness.cluster.control import Control
from harness.cluster.etcd_runtime import EtcdRuntime
from harness.cluster.roles import PROGRAMS, every_spec
from harness.cluster.spec import Spec
from harness.cluster.status import Status
from harness.cluster.wait import Interrupted
from harness.core.history import OBSERVER, WORKLOAD
from harness.core.plan import Plan
from harness.errors import ClusterError, NotReadyError
from harness.injector import Injector
from harness.interrupts import Interrupts
from harness.nemesis import Nemesis
from harness.recorder import Recorder
from harness.report.progress import Progress
from harness.report.run_dir import RunDir

_FINAL_S = 60.0
_INTERRUPTED_S, _INTERRUPTED_EACH_S = 30.0, 0.05


@dataclass(frozen=True)
class Running:
    """A cluster in its run phase: what can be done to it, and what is known of it."""

    cluster: Cluster
    injector: Injector
    status: Status
    zero_ns: int = 0
    """When the run phase began."""
    grow: Callable[[Plan], None] = lambda plan: None
    """Make room for nodes that this plan has more."""
    sum_up: Callable[[], None] = lambda: None
    """Record what a run is judged by at its end; where a fault is open, only what etcd holds."""
    flush: Callable[[], None] = lambda: None
    """All that was recorded so far is in the file when it returns."""
    why_ended: Callable[[], str] = str
    """What ended it all, where something has; the first node that died unasked, where that did."""


class Attempt:
    """A cluster from start to stop; `epitaph` is that of the first node that died unasked."""

    def __init__(
        self,
        plan: Plan,
        run_dir: RunDir,
        runtime: EtcdRuntime,
        progress: Progress,
        scenario_folder: Path,
        *,
        admission: Admission | None = None,
        goes_on: bool = False,
        before_stop: "Callable[[Running], None] | None" = None,
    ) -> None:
        """
        `goes_on`: once it is started, a node that dies unasked ends nothing; from `before_stop` on it is so too, which
        is called when all is settled, or was cut short by such a death.
        """
        self._goes_on, self._before_stop = goes_on, before_stop
        self._plan, self._run_dir, self._runtime, self._progress = plan, run_dir, runtime, progress
        self._scenario_folder, self._admission = scenario_folder, admission
        self._status = Status(plan, self._node_died)
        self._stop, self._failure = threading.Event(), ""
        self._is_starting, self.epitaph = True, ""
        self._control: Control | None = None

    @property
    def engine(self) -> str:
        """The URL of the engine that its containers are in, empty where it has none."""
        return self._runtime.engine

    def carry_out(self) -> None:
        """All of it, the steps of the plan as they are due."""
        patience_s = (_INTERRUPTED_S + _INTERRUPTED_EACH_S * len(self._plan.names)) * self._plan.time_scale
        with Interrupts(self._progress.note, self._kill, patience_s), self.running() as running:
            nemesis = Nemesis(self._plan, running.injector, running.status.membership, leader=running.cluster.leader)
            nemesis.run(self._stop)

    @contextmanager
    def running(self) -> Iterator[Running]:
        """
        What is done within is the run phase: start is over, and heal, settle and stop follow.

        Raises ClusterError, with what first made it pointless to go on.
        """
        listeners = (self._status.hear, self._progress.op)
        with Recorder(self._run_dir.history, listeners, self._unwritten) as self._recorder:
            try:
                with self._cluster() as cluster, self._phases(cluster) as running:
                    yield running
            except Interrupted:
                pass  # cut short by a failure, which is raised below, or by a death, which is judged
            except ClusterError as error:
                raise ClusterError(self._failure or str(error)) from error
        if self._failure:
            raise ClusterError(self._failure)

    @contextmanager
    def _phases(self, cluster: Cluster) -> Iterator[Running]:
        injector = Injector(cluster, self._recorder.keep)
        with self._phase("start") as details:
            cluster.start(details.append)
            self._is_starting = False
        if self._admission:
            self._admission.started()
        try:
            with self._phase("run"):
                running = self._in_hand(cluster, injector)
                cluster.node(WORKLOAD).tell("begin")
                yield running
        finally:
            with self._phase("heal"):
                injector.heal_all()
        try:
            with self._phase("settle") as details:
                self._settle(cluster, details)
        except Interrupted:
            if self._failure or not (self._before_stop and self.epitaph):
                raise
        if self._before_stop:
            self._goes_on = True
            self._stop.clear()
            self._before_stop(running)

    def _in_hand(self, cluster: Cluster, injector: Injector) -> Running:
        def grow(plan: Plan) -> None:
            cluster.grow(plan, self._specs(plan))

        def sum_up() -> None:
            self._sum_up(cluster, injector)

        now_ns, flush = time.monotonic_ns(), self._recorder.flush
        return Running(cluster, injector, self._status, now_ns, grow, sum_up, flush, self._why_ended)

    def _sum_up(self, cluster: Cluster, injector: Injector) -> None:
        """For whoever judges the heal here is the last so far."""
        if injector.open():
            with _told_if_late([]):
                self._last_word(cluster)
            return
        with self._phase("heal"):
            pass
        try:
            with self._phase("settle") as details:
                self._settle(cluster, details)
        finally:
            cluster.node(WORKLOAD).tell("begin")

    def _why_ended(self) -> str:
        return self._failure or ("" if self._goes_on else self.epitaph)

    def _specs(self, plan: Plan) -> list[Spec]:
        return every_spec(plan, self._runtime, self._run_dir.logs.resolve(), self._scenario_folder)

    @contextmanager
    def _cluster(self) -> Iterator[Cluster]:
        plan, run_dir, recorder, etcd = self._plan, self._run_dir, self._recorder, self._runtime
        mark, logs = str(run_dir.path.resolve()), run_dir.logs.resolve()
        metrics, log = run_dir.metrics.resolve(), logs / "supervisor.log"
        self._control = control = Control(
            recorder.theirs, metrics, log, mark, self._fail, engine=etcd.engine, time_scale=plan.time_scale
        )
        recorder.hang_up()
        members = {"runtime": etcd.name, "version": etcd.version, "members": len(plan.etcd.members)}
        members |= {"why": etcd.why} if etcd.why else {}
        about = {"harness": version("dora-harness"), "scenario": plan.scenario, "seed": plan.seed}
        about |= {"etcd": members, "fabric": "namespaces", "wall_s": time.time()}
        recorder.record("run", about)
        cluster = Cluster(plan, control, self._status, self._specs(plan), self._stop)
        try:
            yield cluster
        finally:
            with self._phase("stop") as details:
                left = cluster.stop()
                details.append("; ".join(left) or "nothing left behind")
            recorder.record("left-behind", {"left": left})

    def _settle(self, cluster: Cluster, details: list[str]) -> None:
        """
        Until views agree, and a lease was kept (a run may have been too short for that to be judged), or the bound
        passes; then every client's final lookups and reads, and etcd's last word.
        """
        status, finals = self._status, self._status.count("final")
        cluster.node(WORKLOAD).tell("end")
        with _told_if_late(details):
            cluster.seconds_until("views agree", status.views_agree, self._plan.settle_s, status.disagreement)
            details.append(status.agreement())
            if not why_not_judged(self._plan, NoPrematureEviction.name):
                cluster.seconds_until("a keepalive", status.is_kept, self._plan.settle_s)
        with _told_if_late(details):
            cluster.node(WORKLOAD).tell("final")
            cluster.seconds_until("final lookups and reads", lambda: status.count("final") > finals, _FINAL_S)
        with _told_if_late(details):
            self._last_word(cluster)

    def _last_word(self, cluster: Cluster) -> None:
        """What etcd holds, all of it at once. Raises NotReadyError."""
        status, what = self._status, "a last word of etcd to compare views with"
        before = status.count("snapshot")
        cluster.node(OBSERVER).tell("snapshot")
        cluster.seconds_until(what, lambda: status.count("snapshot") > before, self._plan.settle_s)

    @contextmanager
    def _phase(self, name: str) -> Iterator[list[str]]:
        details = list[str]()
        self._recorder.record("phase", {"phase": name}, "invoke")
        try:
            yield details
        except BaseException as error:
            self._recorder.record("phase", {"phase": name}, "fail", str(error) or type(error).__name__)
            raise
        self._recorder.record("phase", {"phase": name})
        self._progress.phase(name, ", ".join(details))

    def _node_died(self, name: str, epitaph: str) -> None:
        """Whatever the run would still show, nobody could say what it is due to: it is cut short and judged."""
        self._progress.node_died(epitaph)
        if self._goes_on and not self._is_starting and name not in PROGRAMS:
            return
        self.epitaph = self.epitaph or epitaph
        if self._is_starting or name in PROGRAMS:
            self._fail(epitaph)
        self._stop.set()

    def give_up(self) -> None:
        """End all waiting: what is left is healed and stopped, and nothing is settled."""
        self._stop.set()

    def _kill(self) -> None:
        """The sandbox, and all in it; before there is one nothing is left running by whoever is making it."""
        if self._control:
            self._control.kill()

    def _unwritten(self, reason: str) -> None:
        """What happens from now on is on no record: a run that nobody can judge is none."""
        if self._goes_on and not self._is_starting:
            self._progress.note(reason)
        else:
            self._fail(reason)

    def _fail(self, reason: str) -> None:
        """What makes going on pointless: the run is stopped, and raises this reason."""
        self._failure = self._failure or reason
        self._stop.set()


@contextmanager
def _told_if_late(details: list[str]) -> Iterator[None]:
    """What does not come in time leaves too little evidence, of which the verdict tells."""
    try:
        yield
    except NotReadyError as error:
        details.append(str(error))
