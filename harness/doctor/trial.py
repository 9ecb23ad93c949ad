"""Starts the program that tries things in a sandbox, hears what it says, and ends it where it does not end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

_LIVES_S = 20
PROGRAM = (sys.executable, "-P", "-m", "harness.doctor.inside")


class Answer(NamedTuple):
    is_there: bool
    fact: str


@dataclass(frozen=True)
class Trial:
    """What was tried, by name; `ended` says why no more was, empty where it came to its end."""

    answers: Mapping[str, Answer]
    ended: str = ""


def tried(who: Literal["self", "nobody"], lives_s: int = _LIVES_S, program: Sequence[str] = PROGRAM) -> Trial:
    """As whoever this is, or (for root) as nobody. What the program started ends with it, also where it hangs."""
    process = subprocess.Popen(
        [*program, str(os.getpid()), str(lives_s + 1), who],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        said, complaint = process.communicate(timeout=lives_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        return Trial(_answers(said), f"no answer within {lives_s} s")
    return Trial(_answers(said), _why(process.returncode, complaint))


def _answers(said: str) -> dict[str, Answer]:
    """A last line may be torn."""
    rows = [json.loads(line) for line in said.splitlines() if line.endswith("}")]
    return {row["name"]: Answer(row["is_there"], row["fact"]) for row in rows}


def _why(code: int, complaint: str) -> str:
    """`code` is 128 and the signal where the sandbox was killed, negative where the program itself was."""
    if code == 0:
        return ""
    number = -code if code < 0 else code - 128
    if number in set(signal.Signals):
        return f"what tried it was ended by {signal.Signals(number).name}"
    last = next(reversed(complaint.strip().splitlines()), "")
    return f"what tried it ended with exit code {code}" + (f": {last}" if last else "")
