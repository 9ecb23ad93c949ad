"""Puts faults in place and heals them, proves both and records them; when each is due is for others to say."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import count
from typing import Any

from harness.core.history import NEMESIS, Op, OpType
from harness.core.lasting import PROCEDURES, is_for_good
from harness.core.links import Cuts
from harness.core.plan import Step
from harness.errors import HarnessError
from harness.faults import fault_of
from harness.faults.fault import Cluster, Fault, Proof
from harness.scenario.draft import LEADER

Record = Callable[[Op], object]
_Open = dict[int, tuple[Step, Fault]]


class Injector:
    """
    Steps go by their index in the plan. `record` is called from any thread that injects or heals, and has to be safe
    for that. Steps that cut links take turns with their proofs, so that none sees another one's change as its own.
    """

    def __init__(self, cluster: Cluster, record: Record, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._cluster, self._record, self._now_ns = cluster, record, now_ns
        self._ids = count(1)
        self._lock, self._links = threading.Lock(), threading.Lock()
        self._open: _Open = {}
        self._proofs, self._heals = dict[int, Proof](), dict[int, Proof]()
        self._begun: _Open = {}
        self._errors = dict[int, str]()

    def inject(self, index: int, step: Step, due_ns: int) -> bool:
        """Whether the fault is in place, so far as that was not refused; `due_ns` is when it was to begin."""
        fault, names = fault_of(step), self._cluster.names
        value: dict[str, Any] = {"step": index, "targets": list(fault.targets_in(names))}
        cuts = fault.cuts(names)
        if cuts:
            value["cuts"] = [[list(sources), list(targets)] for sources, targets in cuts]
        with self._turn_at_links(cuts):
            value["late_s"] = round((self._now_ns() - due_ns) / 1e9, 3)
            with self._lock:
                self._open[index] = self._begun[index] = step, fault
            return self._prove(step.fault, value, "effect", lambda: self._injected(index, fault))

    def proof(self, index: int) -> Proof:
        """Of the effect of a step that is in place. Raises KeyError for any other."""
        return self._proofs[index]

    def heal_proof(self, index: int) -> Proof | None:
        """Of the heal of a step; None where there was none, or it failed."""
        return self._heals.get(index)

    def reopen(self, index: int) -> None:
        """The heal of a step failed: it may be tried again."""
        with self._lock:
            self._open[index] = self._begun[index]

    def is_under_way(self, index: int) -> bool:
        """Whether a step that is open is not in place yet."""
        return index not in self._proofs

    def error(self, index: int) -> str:
        """What the last that was done to a step ended in; empty where it did not fail."""
        return self._errors.get(index, "")

    def _healed(self, index: int, fault: Fault) -> Proof:
        proof = self._heals[index] = fault.heal(self._cluster)
        return proof

    def _injected(self, index: int, fault: Fault) -> Proof:
        proof = self._proofs[index] = fault.inject(self._cluster)
        return proof

    def heal(self, index: int, step: Step | None = None) -> bool:
        """
        Once for each that was begun; whether it is undone, so far as that was not refused. A fault that is meant to
        last is only told to do so; `step` says that it is meant otherwise than when it began.
        """
        with self._lock:
            begun = self._open.pop(index, None)
        if begun is None:
            return True
        meant, fault, names = step or begun[0], begun[1], self._cluster.names
        value = {"step": index, "fault": meant.fault, "targets": list(fault.targets_in(names))}
        stays = is_for_good(meant) and meant.fault not in PROCEDURES
        with self._turn_at_links(fault.cuts(names)):
            return self._prove("heal", value, "heal", _stays if stays else lambda: self._healed(index, fault))

    def heal_all(self) -> None:
        """Heal everything that is open, at the same time: one that fails or hangs keeps no other from being healed."""
        indexes = self.open()
        with ThreadPoolExecutor(max(1, len(indexes)), "heal") as pool:
            heals = [pool.submit(self.heal, index) for index in indexes]
        for heal in heals:
            heal.result()

    def open(self) -> list[int]:
        """The steps that were begun and not healed."""
        with self._lock:
            return sorted(self._open)

    def skip(self, index: int, step: Step, reason: str) -> None:
        """Tell that a step is not begun."""
        self._keep("info", "skip", {"step": index, "fault": step.fault}, 0, reason)

    def _prove(self, f: str, value: dict[str, Any], what: str, act: Callable[[], Proof]) -> bool:
        """Act, and record it with its proof, or with the error that it ended in."""
        number = next(self._ids)
        self._errors.pop(value["step"], None)
        self._keep("invoke", f, value, number)
        try:
            proof = act()
        except Exception as error:  # whatever it is, the others must still be healed, and the history tells it
            said = str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
            self._errors[value["step"]] = said
            self._keep("fail", f, value, number, said)
            return False
        seen = {what: proof.outcome, "after_s": round(proof.after_s, 3), "detail": proof.detail}
        self._keep("ok", f, value | seen, number)
        return True

    def _keep(self, type_: OpType, f: str, value: dict[str, Any], number: int, error: str | None = None) -> None:
        self._record(Op(self._now_ns(), NEMESIS, type_, f, value, error, number))

    def _turn_at_links(self, cuts: Cuts) -> AbstractContextManager[object]:
        return self._links if cuts else nullcontext()


def led(step: Step, leader: Callable[[], str]) -> Step:
    """The step with etcd's leader by name, where it is about that one. Raises as `leader` does."""
    if step.params.get("targets") != [LEADER]:
        return step
    return replace(step, params={**step.params, "targets": [leader()]})


def _stays() -> Proof:
    return Proof("not-applicable", detail="it has no for: it is meant to stay down")
