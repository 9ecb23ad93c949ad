"""
One run's folder, and the only module of the reports that writes:

runs/<scenario>-<seed>-<utc>/  scenario.yaml  plan.json  history.jsonl  logs/<node>.log  metrics.jsonl  result.json
                               report.html  junit.xml
"""

import errno
import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from os.path import isfile, lexists
from pathlib import Path
from typing import Any

import msgspec

from harness.core.history import Op
from harness.core.plan import Plan
from harness.core.repeats import ContentMissingError, Whole
from harness.core.shapes import wrong_with
from harness.errors import ClusterError, HarnessError, InputError
from harness.report.result import Result

_ADVICE = {
    errno.ENOSPC: "the disk is full: free some room, or choose another disk with --runs",
    errno.EDQUOT: "the quota is used up: free some room, or choose another disk with --runs",
    errno.EACCES: "no permission: choose a folder of yours with --runs",
    errno.EPERM: "no permission: choose a folder of yours with --runs",
    errno.EROFS: "it is read-only: choose another folder with --runs",
    errno.ENOENT: "there is no such place: choose another folder with --runs",
    errno.ENOTDIR: "a file stands where a folder should: choose another with --runs",
    errno.EEXIST: "a file stands where a folder should: choose another with --runs",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter folder with --runs",
}


_LINES = 1024


@dataclass(frozen=True)
class RunDir:
    """A run's folder; make one with `create`, find one with `open`."""

    path: Path

    @classmethod
    def create(cls, runs: Path, scenario: str, seed: int, now: datetime | None = None) -> "RunDir":
        """
        Make a folder that nobody had before, `-2`, `-3`... added where the name is taken, and its `logs`.

        Raises InputError when `runs` can't be written to.
        """
        if not str(runs).isprintable():
            raise InputError(f"can't make {str(runs)!r}: the name is no printable text; choose another with --runs")
        stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        with _explained(InputError, "make", runs):
            runs.mkdir(parents=True, exist_ok=True)
            path = _exclusive(runs, f"{scenario}-{seed}-{stamp}")
            (path / "logs").mkdir()
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> "RunDir":
        """A stored run. Raises InputError when `path` holds none."""
        if not lexists(path):
            raise InputError(f"{path}: there is no such folder")
        if missing := [name for name in ("plan.json", "history.jsonl") if not isfile(path / name)]:
            within = len(list(path.glob("*/history.jsonl")))
            hint = f"; {within} in it {'is one' if within == 1 else 'are'}: {path}/*" if within else ""
            raise InputError(f"{path} is no run's folder: it has no {' and no '.join(missing)}{hint}")
        return cls(path)

    @property
    def history(self) -> Path:
        return self.path / "history.jsonl"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    def write_scenario(self, text: str) -> None:
        self._write("scenario.yaml", text)

    def write_plan(self, plan: Plan) -> None:
        self._write("plan.json", plan.to_json() + "\n")

    def write_result(self, result: Result) -> None:
        self._write("result.json", result.to_json() + "\n")

    def write_report(self, html: str) -> Path:
        """Where it is."""
        self._write("report.html", html)
        return self.path / "report.html"

    def write_junit(self, xml: str) -> None:
        self._write("junit.xml", xml)

    def read_plan(self) -> Plan:
        """Raises InputError when it can't be read."""
        path = self.path / "plan.json"
        with _explained(InputError, "read", path):
            text = path.read_text(encoding="utf-8", errors="backslashreplace")
        try:
            msgspec.convert(json.loads(text), Plan)
            return Plan.from_json(text)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(f"{path} is no plan of this version: {_misfit(error)}") from error

    def ops(self) -> Iterator[Op]:
        """
        The history's ops in the order they were written, views with their content; a last line cut short, by a full
        disk or a crash, is left out.

        Raises InputError when it can't be read or another line is no op.
        """
        whole = Whole()
        try:
            for ops in self._as_written():
                yield from (whole.of(op) if op.f == "view" else op for op in ops)
        except ContentMissingError as error:
            raise InputError(f"{self._place_of(error.op)}: {error}") from error

    @contextmanager
    def blamed(self, guests: Collection[str]) -> Iterator[None]:
        """
        Whoever goes over the ops within relies on what they hold. Where that fails, and an op does not hold what it
        should, it raises InputError, which tells where, instead of what it came to.
        """
        try:
            yield
        except HarnessError:
            raise
        except Exception as error:
            for op in chain.from_iterable(self._as_written()):
                if wrong := wrong_with(op, guests):
                    place = self._place_of(op)
                    raise InputError(f"{place}: {op.f} {op.type} of {op.actor}: {wrong}") from error
            raise

    def _place_of(self, wanted: Op) -> str:
        """`history.jsonl:17`, of the first op that is like it."""
        ops = enumerate(chain.from_iterable(self._as_written()), 1)
        return f"{self.history}:{next(number for number, op in ops if op == wanted)}"

    def _as_written(self) -> Iterator[list[Op]]:
        with _explained(InputError, "read", self.history), self.history.open("rb") as file:
            first = 1
            while lines := list(islice(file, _LINES)):
                try:
                    yield Op.parse_all(lines)
                except ValueError:
                    yield list(self._one_by_one(lines, first))
                first += len(lines)

    def _one_by_one(self, lines: list[bytes], first: int) -> Iterator[Op]:
        for number, line in enumerate(lines, first):
            try:
                yield Op.parse(line)
            except ValueError as error:
                if line.endswith(b"\n"):
                    raise InputError(f"{self.history}:{number}: {_wrong_with(line, error)}") from error

    def samples(self) -> Iterator[dict[str, Any]]:
        """What processes took of the machine, a row a sample; none where nothing was sampled, or can't be read."""
        for line in _lines(self.metrics):
            with suppress(ValueError, RecursionError):  # cut short, or garbled
                yield json.loads(line)

    def log(self, node: str) -> Iterator[str]:
        """The lines of a node's log, none where it has no log."""
        return _lines(self.logs / f"{Path(node).name}.log")

    def lines_of(self, ops: Collection[Op]) -> dict[str, int]:
        """By an op's `line()` the number of its line in the file: in time order it may have another place."""
        times_ns, found = {op.time_ns for op in ops}, dict[str, int]()
        if times_ns:
            for number, op in enumerate(self.ops(), 1):
                if op.time_ns in times_ns:
                    found.setdefault(op.line(), number)
        return found

    def _write(self, name: str, text: str) -> None:
        """As a whole: who is killed meanwhile leaves what was there before."""
        path, half = self.path / name, self.path / f"{name}.part"
        with _explained(ClusterError, "write", path):
            try:
                half.write_text(text, encoding="utf-8", errors="backslashreplace")
                half.replace(path)
            finally:
                half.unlink(missing_ok=True)


def _lines(path: Path) -> Iterator[str]:
    with suppress(OSError), path.open(encoding="utf-8", errors="backslashreplace") as lines:
        yield from lines


def _misfit(error: Exception) -> str:
    """Of a plan; one that has more fields, or fewer, has them right otherwise."""
    if isinstance(error, TypeError):
        return f"it has the unknown field {str(error).rpartition(' ')[2]}"
    if isinstance(error, KeyError):
        return f"it has no field {error}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _wrong_with(line: bytes, error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return f"this is not JSON: {line[:60].decode(errors='backslashreplace').strip()!r}"
    return str(error)


def _exclusive(runs: Path, name: str) -> Path:
    """The first of `name`, `name-2`, `name-3`... that could be made."""
    number = 1
    while True:
        path = runs / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


@contextmanager
def _explained(kind: type[InputError] | type[ClusterError], verb: str, path: Path) -> Iterator[None]:
    """An OSError within becomes one line: what, where, what to do."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, error.strerror or str(error))
        raise kind(f"can't {verb} {path}: {advice}") from error
