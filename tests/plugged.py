"""A pytest of a user's, with the plugin, in a folder of its own."""

import subprocess
from importlib.metadata import entry_points
from pathlib import Path

from harness.cluster.ledger import Ledger
from harness.cluster.wait import wait_until
from harness.core.history import Op

SMALL = """# A worker freezes for a moment.
cluster: {workers: 2, clients: 1}
workload: {keys: 10, lookups_per_s: 20, reads_per_s: 2}
steps:
  - {at: 200ms, for: 500ms, pause: worker-1}
tail: 1s
tags: [nightly]
"""
_BY_HAND = () if entry_points(group="pytest11", name="harness") else ("-p", "harness.pytest_plugin")
"""Where the package is on the path, and was not installed since it has a plugin."""


class Plugged:
    def __init__(self, pytester, monkeypatch):
        self._pytester, self.path = pytester, pytester.path
        self._started = []
        monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
        (self.path / "scenarios").mkdir()
        ini = "[pytest]\nharness_scenarios = scenarios\naddopts = --strict-markers -p no:cacheprovider\n"
        self.ini = self.write("pytest.ini", f"{ini}filterwarnings = error\n")

    @property
    def runs(self):
        return self.path / "runs"

    def write(self, name, text):
        path = self.path / name
        path.write_text(text, encoding="utf-8")
        return path

    def scenario(self, name="small", text=SMALL):
        return self.write(f"scenarios/{name}.yaml", text)

    def words(self, *options):
        return [*self._pytester._getpytestargs(), *_BY_HAND, "--harness-etcd", "process", *map(str, options)]

    def run(self, *options, timeout=120):
        return self._pytester.run(*self.words(*options), timeout=timeout)

    def start(self, *options):
        """Its output is one stream; it is in a session of its own, as at a terminal of its own."""
        ends = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(self.words(*options), cwd=self.path, text=True, start_new_session=True, **ends)
        self._started.append(process)
        return process

    def close(self):
        for process in self._started:
            process.kill()
            process.communicate()  # to its end, also where a test did so already


def folders(runs):
    return sorted(runs.iterdir()) if runs.exists() else []


def written(folder):
    """The ops of a history that may still be written: its last line may be half there."""
    history = folder / "history.jsonl"
    return [Op.parse(line) for line in history.read_bytes().splitlines()[:-1]] if history.exists() else []


def begun(runs, *names):
    """The folder of the first run of one of these names, once it is in its run phase."""

    def found():
        for folder in folders(runs):
            phases = [op.value["phase"] for op in written(folder) if op.f == "phase"]
            if folder.name.startswith(names) and "run" in phases:
                return folder
        return None

    wait_until("a run", lambda: found() is not None, 60)
    return found()


def gone(*found: Path):
    """Whether nothing of these runs is left on the machine, 5 s from now at the latest."""
    ledgers = [Ledger(str(folder.resolve())) for folder in found]
    wait_until("an empty machine", lambda: not any(ledger.left_behind() for ledger in ledgers), 5)
    return True
