import os
import select
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from harness.cluster.process import Process, gate
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


def test_what_waits_at_a_gate_begins_when_it_opens():
    code = "import sys; from harness.cluster.process import pass_gate; print('there', flush=True); "
    code += "pass_gate(int(sys.argv[1])); print('in', flush=True)"
    with ExitStack() as at_the_end:
        with gate() as closed:
            program = [sys.executable, "-c", code, str(closed)]
            child = at_the_end.enter_context(subprocess.Popen(program, stdout=subprocess.PIPE, pass_fds=[closed]))
            assert child.stdout.readline() == b"there\n"
            assert select.select([child.stdout], [], [], 0.5)[0] == []
        assert child.stdout.readline() == b"in\n"
