"""`harness doctor`, as a user would start it: as whoever runs these tests, as no root, and where namespaces end."""

import json
import os
import subprocess
import sys

import psutil
import pytest

from harness.cli import main
from harness.doctor import examine
from harness.doctor.finding import Checkup, Finding
from tests.meta.source import ROOT

pytestmark = pytest.mark.cluster

ELSEWHERE = """
import os, sys
from pathlib import Path
from harness.cluster import linux
uid, gid = os.getuid(), os.getgid()
linux.unshare(linux.CLONE_NEWUSER)
linux.stay_visible()
Path("/proc/self/setgroups").write_text("deny")
Path("/proc/self/uid_map").write_text(f"{sys.argv[1]} {uid} 1")
Path("/proc/self/gid_map").write_text(f"{sys.argv[1]} {gid} 1")
for kind in sys.argv[2].split():
    Path(f"/proc/sys/user/max_{kind}_namespaces").write_text("0")
os.execv(sys.executable, [sys.executable, "-m", "harness", "doctor", *sys.argv[3:]])
"""
"""In a user namespace of its own: as this user there, and with none of these kinds of namespaces to be had."""


def doctor(*arguments, program=("-m", "harness", "doctor"), folder=ROOT):
    command = [sys.executable, *program, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def elsewhere(uid, kinds, *arguments):
    return doctor(str(uid), kinds, *arguments, program=("-c", ELSEWHERE))


def findings(done):
    row = json.loads(done.stdout)
    return row, {found["name"]: found for found in row["findings"]}


def test_a_machine_that_runs_these_tests_is_ready_and_nothing_is_left_on_it(tmp_path):
    before = {process.pid for process in psutil.process_iter()}
    done = doctor(folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\nready: harness run restart\n")
    assert "\x1b" not in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert [p for p in psutil.process_iter(["cmdline"]) if p.pid not in before and is_ours(p)] == []


def is_ours(process):
    return "harness.doctor.inside" in (process.info["cmdline"] or ())


def test_the_json_is_one_document_on_one_line():
    done = doctor("--json")
    assert done.stdout.count("\n") == 1
    row, found = findings(done)
    assert (row["ready"], row["missing"], row["fabric"], row["next"]) == (True, [], "namespaces", "harness run restart")
    assert row["etcd"] in ("process", "docker")
    assert {"system", "namespaces", "networks", "partitions", "etcd", "room", "open files", "limits", "runs"} <= set(
        found
    )
    assert all(set(each["remedy"]) >= {"debian", "fedora", "macos"} for each in found.values() if each["remedy"])


def test_a_user_who_is_not_root_is_told_of_themselves_alone():
    done = elsewhere(1000, "", "--json")
    row, found = findings(done)
    assert (done.returncode, row["ready"], row["etcd"]) == (0, True, "process")
    assert (found["namespaces"]["state"], found["namespaces"]["fact"]) == ("yes", "in a user namespace")
    assert found["partitions"]["state"] == "yes"
    assert "for users" not in found
    assert "containers are for root alone" in found["docker"]["consequence"]


def test_a_user_without_user_namespaces_is_told_what_permits_them():
    done = elsewhere(1000, "user")
    assert (done.returncode, done.stderr) == (255, "")
    told = " ".join(done.stdout.split())
    assert "the kernel refuses namespaces" in told
    assert "runs are refused" in told
    assert done.stdout.endswith("\nnot ready: namespaces\n")


def test_root_without_namespaces_is_told_both_ways_that_were_tried():
    done = elsewhere(0, "user pid net mnt", "--json")
    row, found = findings(done)
    assert (done.returncode, row["ready"], row["next"], row["fabric"]) == (255, False, None, None)
    fact, remedy = found["namespaces"]["fact"], found["namespaces"]["remedy"]
    assert "as root: unshare: No space left on device; in a user namespace: unshare: No space left on device" in fact
    assert remedy["debian"] == "sudo sysctl -w user.max_user_namespaces=15000"
    assert found["namespaces"]["is_needed"]


def test_a_folder_that_was_removed_meanwhile_is_no_place_to_be(tmp_path):
    done = subprocess.run(
        ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$0" -P -m harness doctor', sys.executable],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (255, "")
    assert " fix: cd\n" in done.stdout
    assert done.stdout.endswith("\nnot ready: namespaces, folders\n")


def test_a_broken_etcd_on_path_harms_nobody(tmp_path, monkeypatch):
    (tmp_path / "etcd").write_text("#!/bin/sh\nkill -9 $$\n")
    (tmp_path / "etcd").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    done = doctor("--json")
    _, found = findings(done)
    assert done.returncode == 0
    assert f"{tmp_path}/etcd" in found["etcd"]["fact"]


@pytest.mark.parametrize(("state", "code"), [("yes", 0), ("partly", 0), ("no", 255), ("unknown", 255)])
def test_the_exit_code_says_whether_runs_are_possible(monkeypatch, capsys, state, code):
    found = Finding("namespaces", state, "fact", is_needed=True)
    monkeypatch.setattr(examine, "examine", lambda: Checkup("debian", (found,)))
    assert main(["doctor"]) == code
    assert capsys.readouterr().out.splitlines()[-1].startswith("ready" if code == 0 else "not ready")


def test_what_it_says_of_the_folder_is_of_the_one_it_was_called_in(tmp_path):
    _, found = findings(doctor("--json", folder=tmp_path))
    assert found["runs"]["fact"].startswith(str(tmp_path / "runs"))
