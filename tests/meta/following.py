"""
A document followed to the letter in a folder: the files that it shows are written, its commands given to one shell.

What a block of `text` shows after a command has to be what the command says: but for numbers, identities and times, and
for what is left out at `...`.
"""

import fcntl
import os
import re
import shlex
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML

from tests.meta.documents import blocks_of

_EXIT_CODE = re.compile(r"# exit code (\d+)$")
_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b\d{8}T\d{6}Z\b")
_NUMBER = re.compile(r"<?-?\b\d+(\.\d+)?( min \d+ s| h \d+ min| ?(ms|s|%)(?!\w))?")
_OF_PYTEST = re.compile(r"(?m)^=+( .* )=+$")
_LONGER = re.compile(r" \(\d+:\d\d:\d\d\)")
_PATIENCE_S = 600


class Step(NamedTuple):
    """`shown` is what the document says that one sees."""

    command: str
    status: int
    shown: str = ""


class Said(NamedTuple):
    """Without a status it was never begun."""

    step: Step
    status: int | None
    output: str


class Script:
    """
    `not_run` are patterns of what is left out, `changed` texts that are replaced.
    """

    def __init__(self, folder: Path, not_run=(), changed=None) -> None:
        self._folder, self._not_run = folder, [re.compile(pattern) for pattern in not_run]
        self._changed = changed or {}
        self._steps, self._lines = list[Step](), ["outside=$PATH"]

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is left to do."""
        return tuple(self._steps)

    def read(self, document: Path) -> "Script":
        for block in blocks_of(document):
            if block.is_file:
                self._write(block.file, block.text)
                for command in _steps_of_job(block.file, block.text):
                    self._run(command, in_shell_of_its_own=True)
            for command in block.commands:
                self._run(command)
            if block.language == "text" and not block.file:
                self._steps[-1] = self._steps[-1]._replace(shown=block.text)
        return self

    def _write(self, file: str, text: str) -> None:
        for old, new in self._changed.items():
            text = text.replace(old, new)
        self._lines += [f"mkdir -p {shlex.quote(str(Path(file).parent))}", f"cat >{file} <<'END OF FILE'"]
        self._lines += [text.rstrip("\n"), "END OF FILE"]

    def _run(self, command: str, in_shell_of_its_own: bool = False) -> None:
        status = _EXIT_CODE.search(command)
        parts = [part for part in _without_comment(command).split(" && ") if not self._is_left_out(part)]
        if not parts:
            return
        text = " && ".join(parts)
        for old, new in self._changed.items():
            text = text.replace(old, new)
        number = len(self._steps)
        self._steps.append(Step(text, int(status[1]) if status else 0))
        if in_shell_of_its_own:
            text = f"PATH=$outside bash -ec {shlex.quote(text)}"
        ends = f">.said/{number} 2>&1 </dev/null"
        self._lines += ["{", text, f"}} {ends}", f"echo $? >.said/{number}.status"]

    def _is_left_out(self, part: str) -> bool:
        return any(pattern.fullmatch(part) for pattern in self._not_run)

    def carry_out(self, environment: dict[str, str]) -> list[Said]:
        """Raises subprocess.TimeoutExpired when that takes ten minutes."""
        (self._folder / ".said").mkdir()
        text = "\n".join([*self._lines, ""])
        with subprocess.Popen(["bash"], cwd=self._folder, env=environment, stdin=-1, start_new_session=True) as shell:
            try:
                shell.communicate(text.encode(), timeout=_PATIENCE_S)
            finally:
                _end(shell)
        return [self._said(number, step) for number, step in enumerate(self._steps)]

    def _said(self, number: int, step: Step) -> Said:
        output, status = self._folder / ".said" / str(number), self._folder / ".said" / f"{number}.status"
        text = output.read_text(encoding="utf-8") if output.exists() else ""
        return Said(step, int(status.read_text()) if status.exists() else None, text)


@contextmanager
def alone(tmp_path_factory):
    """One at a time of those who call their cluster the same."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with (shared / "cluster.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def wrong(said: list[Said]) -> list[str]:
    """What is not as the document says, by command."""
    found = []
    for step, status, output in said:
        if status != step.status:
            found.append(f"{step.command}: exit code {status}, not {step.status}\n{output}")
        elif not shows(step.shown, output):
            found.append(f"{step.command}: it says\n{output}\nand not\n{step.shown}")
    return found


def shows(shown: str, output: str) -> bool:
    """Whether the lines of `shown` stand in `output` one after the other, but for what `...` stands for."""
    lines = [_pattern(line) for line in shown.splitlines()]
    return bool(re.search(r"(?:^|\n)" + "".join(lines), _plain(output) + "\n"))


def _pattern(line: str) -> str:
    if line.strip() == "...":
        return r"(?:.*\n)*?"
    return re.escape(_plain(line)).replace(re.escape("..."), ".*") + r"\n"


def _plain(text: str) -> str:
    """
    Without what differs from run to run: identities, times, numbers, and how wide columns are; of pytest's line how
    much fills it, and that a minute and more is told twice.
    """
    text = _OF_PYTEST.sub(r"=\1=", _LONGER.sub("", text))
    plain = _NUMBER.sub("N", _ID.sub("ID", text))
    return "\n".join(" ".join(line.split()) for line in plain.splitlines())


def _without_comment(command: str) -> str:
    return re.sub(r" +# .*$", "", command).strip()


def _steps_of_job(file: str, text: str) -> list[str]:
    """What a CI system would run, in order; nothing for any other file."""
    if not file.startswith((".github/workflows/", ".gitlab-ci")):
        return []
    jobs = YAML(typ="safe").load(text)
    listed = [job.get("script") or job["steps"] for job in jobs.get("jobs", jobs).values()]
    steps = [step if isinstance(step, str) else step.get("run") for steps in listed for step in steps]
    return [line for step in steps if step for line in step.splitlines()]


def _end(shell: subprocess.Popen) -> None:
    """With whatever it started that is still there."""
    if shell.poll() is None:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.wait(30)
