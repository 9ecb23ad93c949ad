"""All probes at once, each with a deadline: one that hangs or crashes is a finding."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from harness.doctor.etcd import docker, programs
from harness.doctor.finding import Checkup, Finding, system_here
from harness.doctor.kernel import NAMESPACES, for_others, kernel
from harness.doctor.room import folders, room, system

_DEADLINE_S = 30.0
"""Each program that a probe starts has a shorter one, so that none is left."""


class Probe(NamedTuple):
    """`name` and `is_needed` are for the finding that it came to nothing."""

    name: str
    find: Callable[[], list[Finding]]
    is_needed: bool = False


PROBES = (
    Probe("system", system),
    Probe(NAMESPACES, kernel, is_needed=True),
    Probe("for users", for_others),
    Probe("docker", docker),
    Probe("etcd", programs, is_needed=True),
    Probe("room", room),
    Probe("folders", folders, is_needed=True),
)


def examine(probes: Sequence[Probe] = PROBES, deadline_s: float = _DEADLINE_S) -> Checkup:
    began_s, tries = time.monotonic(), [_Try(probe) for probe in probes]
    for each in tries:
        each.start()
    for each in tries:
        each.join(max(0.0, began_s + deadline_s - time.monotonic()))
    found = [finding for each in tries for finding in each.findings(f"no answer within {deadline_s:g} s")]
    return Checkup(system_here(), tuple(found))


class _Try(threading.Thread):
    """Nothing waits for it when the command ends."""

    def __init__(self, probe: Probe) -> None:
        super().__init__(daemon=True)
        self._probe, self._found = probe, list[Finding]()
        self._is_over = False

    def run(self) -> None:
        try:
            self._found = self._probe.find()
        except Exception as error:  # a bug of the probe is no reason to tell nothing of the others
            self._found = [self._unknown(f"{type(error).__name__}: {error}")]
        self._is_over = True

    def findings(self, otherwise: str) -> list[Finding]:
        return self._found if self._is_over else [self._unknown(otherwise)]

    def _unknown(self, fact: str) -> Finding:
        return Finding(self._probe.name, "unknown", fact, is_needed=self._probe.is_needed)
