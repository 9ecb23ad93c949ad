import os

import pytest

from harness.cluster.private import make_private, runtime_folder
from harness.errors import ClusterError


def test_a_folder_of_the_session_is_preferred(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime_folder("harness") == tmp_path / "harness"
    assert not (tmp_path / "harness").exists()


@pytest.mark.parametrize("runtime", ["", "gone"])
def test_without_one_it_is_among_the_temporary_files_and_named_after_its_user(tmp_path, monkeypatch, runtime):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / runtime) if runtime else "")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert runtime_folder("harness") == tmp_path / f"harness-{os.getuid()}"


def test_one_that_is_somebody_elses_or_not_named_from_the_root_is_not_taken(tmp_path, monkeypatch):
    """As after `su`, which keeps the environment."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    me = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: me + 1)
    assert runtime_folder("harness") == tmp_path / "temporary" / f"harness-{me + 1}"
    monkeypatch.setattr(os, "getuid", lambda: me)
    assert runtime_folder("harness") == tmp_path / "harness"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", ".")
    assert runtime_folder("harness") == tmp_path / "temporary" / f"harness-{me}"


def test_it_is_made_for_its_user_alone_whatever_the_umask_and_found_again(tmp_path):
    before = os.umask(0)
    try:
        make_private(tmp_path / "own", "no place")
    finally:
        os.umask(before)
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o700
    make_private(tmp_path / "own", "no place")


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o770, 0o777])
def test_one_that_others_may_enter_is_refused(tmp_path, mode):
    (tmp_path / "own").mkdir()
    (tmp_path / "own").chmod(mode)
    told = r"^no place: .*own is no folder of yours alone; remove it, or set XDG_RUNTIME_DIR, else TMPDIR$"
    with pytest.raises(ClusterError, match=told):
        make_private(tmp_path / "own", "no place")


def test_a_link_that_somebody_laid_there_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "own").symlink_to("elsewhere")
    with pytest.raises(ClusterError, match="no folder of yours alone"):
        make_private(tmp_path / "own", "no place")


def test_a_folder_of_somebody_else_is_refused(tmp_path, monkeypatch):
    (tmp_path / "own").mkdir(mode=0o700)
    me = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: me + 1)
    with pytest.raises(ClusterError, match="no folder of yours alone"):
        make_private(tmp_path / "own", "no place")


def test_what_is_no_folder_and_what_cannot_be_made_are_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ClusterError, match=r"^no place: .*File exists"):
        make_private(tmp_path / "file", "no place")
    with pytest.raises(ClusterError, match=r"^no place: .*; XDG_RUNTIME_DIR, else TMPDIR, names another place"):
        make_private(tmp_path / "gone" / "own", "no place")
