import os
from pathlib import Path

from harness.cluster.process import Process
from harness.cluster.wait import wait_until


def test_what_has_ended_and_was_not_reaped_yet_can_be_sampled_by_anybody(tmp_path):
    pid = os.fork()
    if not pid:
        os._exit(0)
    process = Process("worker-1", pid, 1, tmp_path / "worker-1.log")
    wait_until("a zombie", lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z", 10)
    try:
        assert process.metrics().keys() <= {"cpu_s", "rss_bytes", "fds", "threads"}
    finally:
        os.waitpid(pid, 0)
        process.ended(0)
